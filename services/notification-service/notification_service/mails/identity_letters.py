"""What the mails of registering, recovering and keeping an account say."""

from collections.abc import Callable

from notification_service.mails.letter import Details, Letter
from notification_service.mails.wording import clock, day
from notification_service.notifications.facts import Facts

Write = Callable[[Facts, str, str | None], Letter]
IGNORE = "If this was not you, you need not do anything: without the link nothing happens."
YOURS = "The link is yours alone and works once. Nobody from ePEP will ever ask you for it."


def _until(facts: Facts) -> str:
    if facts.expires_at is None:
        return "It works once."
    return f"It works once, until {clock(facts.expires_at)} on {day(facts.expires_at)}."


def _authority(facts: Facts) -> str:
    return facts.authority.virtual_school if facts.authority else "The virtual school"


def _link(label: str, portal_url: str, path: str, secret: str | None) -> Details:
    return ((label, f"{portal_url}/{path}/{secret}"),) if secret else ()


def _registration_link(facts: Facts, portal_url: str, secret: str | None) -> Letter:
    return Letter(
        "Confirm your email address",
        (
            "Somebody registered for ePEP with this address. Open the link, choose a password "
            f"and confirm. {_until(facts)}",
            f"{_authority(facts)} then decides whether you have access.",
        ),
        links=_link("Confirm my email address", portal_url, "register/confirm", secret),
        notes=(IGNORE, YOURS),
    )


def _registration_known(facts: Facts, portal_url: str, _: str | None) -> Letter:
    wanted = "register for ePEP with" if facts.detail == "registration" else "use"
    return Letter(
        "You have an account already",
        (
            f"Somebody tried to {wanted} this address. It has an account: nothing was changed.",
            "If it was you, log in, or choose a new password if you have forgotten yours.",
        ),
        links=(
            ("Log in", f"{portal_url}/log-in"),
            ("Forgotten password", f"{portal_url}/forgotten-password"),
        ),
    )


def _registration_waiting(facts: Facts, portal_url: str, _: str | None) -> Letter:
    # Whoever reads the shared mailbox may work for two authorities: the link says which queue.
    code = facts.authority.code if facts.authority else None
    queue = f"{portal_url}/administration/requests" + (f"?authority={code}" if code else "")
    return Letter(
        "Somebody asks for access",
        (
            f"{facts.who} asks for access to ePEP as {facts.role_label}. Their email address is "
            "confirmed. They see nothing until you accept.",
        ),
        links=(("Answer the request", queue),),
        notes=("Accept only people whom you know, or whose employer you have asked.",),
    )


def _registration_accepted(facts: Facts, portal_url: str, _: str | None) -> Letter:
    return Letter(
        "You have access",
        (f"{_authority(facts)} has given you access to ePEP as {facts.role_label}.",),
        links=(("Log in", f"{portal_url}/"),),
    )


def _registration_refused(facts: Facts, _: str, __: str | None) -> Letter:
    return Letter(
        "Your request for access",
        (
            f"{_authority(facts)} has not given you access to ePEP.",
            f"Reason: {facts.why}",
            "If you think that this is wrong, write to the address below.",
        ),
    )


def _password_reset(facts: Facts, portal_url: str, secret: str | None) -> Letter:
    return Letter(
        "Choose a new password",
        (f"Somebody asked for a new password for your account. {_until(facts)}",),
        links=_link("Choose a new password", portal_url, "forgotten-password", secret),
        notes=(IGNORE, YOURS),
    )


def _email_reminder(facts: Facts, portal_url: str, _: str | None) -> Letter:
    return Letter(
        "The email address of your account",
        (f"You asked which address you log in with. It is this one: {facts.detail}",),
        links=(("Log in", f"{portal_url}/log-in"),),
        notes=("If you did not ask, somebody knows your name, your workplace and your number.",),
    )


def _email_change_new(facts: Facts, portal_url: str, secret: str | None) -> Letter:
    return Letter(
        "Confirm your new email address",
        (
            f"Somebody wants to use this address to log in to ePEP. {_until(facts)}",
            "The change is made when it is confirmed from the old address too.",
        ),
        links=_link("Confirm this address", portal_url, "account/email/confirm", secret),
        notes=(IGNORE, YOURS),
    )


def _email_change_old(facts: Facts, portal_url: str, secret: str | None) -> Letter:
    return Letter(
        "Somebody wants to change your email address",
        (
            "Somebody who is logged in to your account wants to log in with another address from "
            f"now on. If that is you, confirm. {_until(facts)}",
            "If it is not you, say so at once: that stops it and logs everybody out.",
        ),
        links=_link("Confirm the change", portal_url, "account/email/confirm", secret),
        notes=(YOURS,),
    )


def _email_changed(_: Facts, __: str, ___: str | None) -> Letter:
    return Letter(
        "Your email address has changed",
        ("Your account now has another address. This one gets no more mails from ePEP.",),
        notes=("If this was not you, tell your virtual school at once.",),
    )


def _security_notice(facts: Facts, portal_url: str, _: str | None) -> Letter:
    return Letter(
        "A change to how you log in",
        (facts.detail or "How you log in has changed.",),
        links=(("Look at my account", f"{portal_url}/account"),),
        notes=("If this was not you, choose a new password and tell your virtual school.",),
    )


def _login_stopped(facts: Facts, portal_url: str, _: str | None) -> Letter:
    return Letter(
        "A log-in was not by its owner",
        (
            f"The owner of the account of {facts.who} says that they did not do this: "
            f"{facts.detail}. It was stopped, and what was open has ended.",
            "Somebody else knows the password, or can read the mails. The owner must choose "
            "another password.",
        ),
        links=(("Choose a new password", f"{portal_url}/forgotten-password"),),
    )


IDENTITY_LETTERS: dict[str, Write] = {
    "registration_link": _registration_link,
    "registration_known": _registration_known,
    "registration_waiting": _registration_waiting,
    "registration_accepted": _registration_accepted,
    "registration_refused": _registration_refused,
    "password_reset": _password_reset,
    "email_reminder": _email_reminder,
    "email_change_new": _email_change_new,
    "email_change_old": _email_change_old,
    "email_changed": _email_changed,
    "security_notice": _security_notice,
    "login_stopped": _login_stopped,
}
