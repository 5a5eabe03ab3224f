"""What the mails of registering, recovering and keeping an account say."""

from collections.abc import Callable

from notification_service.mails.language import N_, _
from notification_service.mails.letter import Details, Letter
from notification_service.mails.wording import clock, day
from notification_service.notifications.facts import Facts

Write = Callable[[Facts, str, str | None], Letter]
IGNORE = N_("If this was not you, you need not do anything: without the link nothing happens.")
YOURS = N_("The link is yours alone and works once. Nobody from ePEP will ever ask you for it.")

HAS_CHANGED = N_("How you log in has changed.")


def _until(facts: Facts) -> str:
    if facts.expires_at is None:
        return _("It works once.")
    time, on = clock(facts.expires_at), day(facts.expires_at)
    return _("It works once, until %(time)s on %(day)s.", time=time, day=on)


def _authority(facts: Facts) -> str:
    return facts.authority.virtual_school if facts.authority else _("The virtual school")


def _role(facts: Facts) -> str | None:
    return _(facts.role_label) if facts.role_label else None


def _link(label: str, portal_url: str, path: str, secret: str | None) -> Details:
    return ((label, f"{portal_url}/{path}/{secret}"),) if secret else ()


def _registration_link(facts: Facts, portal_url: str, secret: str | None) -> Letter:
    return Letter(
        _("Confirm your email address"),
        (
            _(
                "Somebody registered for ePEP with this address. Open the link, choose a password "
                "and confirm. %(until)s",
                until=_until(facts),
            ),
            _(
                "%(virtual_school)s then decides whether you have access.",
                virtual_school=_authority(facts),
            ),
        ),
        links=_link(_("Confirm my email address"), portal_url, "register/confirm", secret),
        notes=(_(IGNORE), _(YOURS)),
    )


def _registration_known(facts: Facts, portal_url: str, __: str | None) -> Letter:
    tried = _("Somebody tried to use this address. It has an account: nothing was changed.")
    if facts.detail == "registration":
        tried = _(
            "Somebody tried to register for ePEP with this address. It has an account: nothing was "
            "changed."
        )
    return Letter(
        _("You have an account already"),
        (tried, _("If it was you, log in, or choose a new password if you have forgotten yours.")),
        links=(
            (_("Log in"), f"{portal_url}/log-in"),
            (_("Forgotten password"), f"{portal_url}/forgotten-password"),
        ),
    )


def _registration_waiting(facts: Facts, portal_url: str, __: str | None) -> Letter:
    # Whoever reads the shared mailbox may work for two authorities: the link says which queue.
    code = facts.authority.code if facts.authority else None
    queue = f"{portal_url}/administration/requests" + (f"?authority={code}" if code else "")
    return Letter(
        _("Somebody asks for access"),
        (
            _(
                "%(who)s asks for access to ePEP as %(role)s. Their email address is confirmed. "
                "They see nothing until you accept.",
                who=facts.who,
                role=_role(facts),
            ),
        ),
        links=((_("Answer the request"), queue),),
        notes=(_("Accept only people whom you know, or whose employer you have asked."),),
    )


def _registration_accepted(facts: Facts, portal_url: str, __: str | None) -> Letter:
    return Letter(
        _("You have access"),
        (
            _(
                "%(virtual_school)s has given you access to ePEP as %(role)s.",
                virtual_school=_authority(facts),
                role=_role(facts),
            ),
        ),
        links=((_("Log in"), f"{portal_url}/"),),
    )


def _registration_refused(facts: Facts, __: str, ___: str | None) -> Letter:
    return Letter(
        _("Your request for access"),
        (
            _(
                "%(virtual_school)s has not given you access to ePEP.",
                virtual_school=_authority(facts),
            ),
            _("Reason: %(why)s", why=facts.why),
            _("If you think that this is wrong, write to the address below."),
        ),
    )


def _password_reset(facts: Facts, portal_url: str, secret: str | None) -> Letter:
    return Letter(
        _("Choose a new password"),
        (
            _(
                "Somebody asked for a new password for your account. %(until)s",
                until=_until(facts),
            ),
        ),
        links=_link(_("Choose a new password"), portal_url, "forgotten-password", secret),
        notes=(_(IGNORE), _(YOURS)),
    )


def _email_reminder(facts: Facts, portal_url: str, __: str | None) -> Letter:
    return Letter(
        _("The email address of your account"),
        (
            _(
                "You asked which address you log in with. It is this one: %(address)s",
                address=facts.detail,
            ),
        ),
        links=((_("Log in"), f"{portal_url}/log-in"),),
        notes=(_("If you did not ask, somebody knows your name, your workplace and your number."),),
    )


def _email_change_new(facts: Facts, portal_url: str, secret: str | None) -> Letter:
    return Letter(
        _("Confirm your new email address"),
        (
            _(
                "Somebody wants to use this address to log in to ePEP. %(until)s",
                until=_until(facts),
            ),
            _("The change is made when it is confirmed from the old address too."),
        ),
        links=_link(_("Confirm this address"), portal_url, "account/email/confirm", secret),
        notes=(_(IGNORE), _(YOURS)),
    )


def _email_change_old(facts: Facts, portal_url: str, secret: str | None) -> Letter:
    return Letter(
        _("Somebody wants to change your email address"),
        (
            _(
                "Somebody who is logged in to your account wants to log in with another address "
                "from now on. If that is you, confirm. %(until)s",
                until=_until(facts),
            ),
            _("If it is not you, say so at once: that stops it and logs everybody out."),
        ),
        links=_link(_("Confirm the change"), portal_url, "account/email/confirm", secret),
        notes=(_(YOURS),),
    )


def _email_changed(__: Facts, ___: str, ____: str | None) -> Letter:
    return Letter(
        _("Your email address has changed"),
        (_("Your account now has another address. This one gets no more mails from ePEP."),),
        notes=(_("If this was not you, tell your virtual school at once."),),
    )


def _security_notice(facts: Facts, portal_url: str, __: str | None) -> Letter:
    return Letter(
        _("A change to how you log in"),
        (_(facts.detail or HAS_CHANGED),),
        links=((_("Look at my account"), f"{portal_url}/account"),),
        notes=(_("If this was not you, choose a new password and tell your virtual school."),),
    )


def _login_stopped(facts: Facts, portal_url: str, __: str | None) -> Letter:
    return Letter(
        _("A log-in was not by its owner"),
        (
            _(
                "The owner of the account of %(who)s says that they did not do this: %(what)s. "
                "It was stopped, and what was open has ended.",
                who=facts.who,
                what=_(facts.detail) if facts.detail else None,
            ),
            _(
                "Somebody else knows the password, or can read the mails. The owner must choose "
                "another password."
            ),
        ),
        links=((_("Choose a new password"), f"{portal_url}/forgotten-password"),),
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
