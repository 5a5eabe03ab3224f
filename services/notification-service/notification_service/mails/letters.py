"""What each kind of mail says. Layout is the templates' affair, so text and HTML say the same."""

from collections.abc import Callable
from dataclasses import replace

from notification_service.mails.identity_letters import IDENTITY_LETTERS
from notification_service.mails.letter import Details, Letter
from notification_service.mails.wording import clock, day_and_time, span
from notification_service.notifications.facts import Facts, MeetingFacts


def letter_of(
    facts: Facts, portal_url: str, secret: str | None, not_me: str | None = None
) -> Letter:
    """Return what the mail says; `secret` is the opened code or token, where there is one.

    `not_me` is the token of the link by which the reader says "this is not me".
    """
    letter = (LETTERS | IDENTITY_LETTERS)[facts.kind](facts, portal_url, secret)
    if not_me is None:
        return letter
    link = ("This is not me", f"{portal_url}/not-me/{not_me}")
    return replace(letter, links=(*letter.links, link))


def _meeting(facts: Facts) -> MeetingFacts:
    if facts.meeting is None:
        raise ValueError(f"a mail of kind {facts.kind} needs a meeting")
    return facts.meeting


def _login_code(facts: Facts, _: str, secret: str | None) -> Letter:
    until = f" It runs out at {clock(facts.expires_at)}." if facts.expires_at else ""
    return Letter(
        "Your security code",
        ("Enter this code to finish logging in to ePEP.",),
        code=secret,
        notes=(
            f"The code works once.{until}",
            "Nobody from ePEP or a virtual school will ever ask you for it.",
            "If you did not just try to log in, somebody else may know your password: "
            "tell your virtual school.",
        ),
    )


def _meeting_details(facts: Facts) -> Details:
    meeting = _meeting(facts)
    contact = ", ".join(part for part in (facts.contact_name, facts.contact_phone) if part)
    found = (
        ("When", span(meeting.starts_at, meeting.duration_minutes)),
        ("Where", meeting.place or "To be agreed"),
        ("Why", facts.reason or ""),
        ("Contact", contact),
    )
    return tuple((label, value) for label, value in found if value)


def _answer_links(facts: Facts, portal_url: str, secret: str | None) -> tuple[tuple[str, str], ...]:
    links = []
    if secret:
        links.append(("Answer this invitation", f"{portal_url}/invitations/answer/{secret}"))
    if facts.has_account:
        links.append(("See your invitations in ePEP", f"{portal_url}/invitations"))
    return tuple(links)


CALENDAR_NOTE = (
    "The attached file puts the meeting in your calendar. Please answer with the link: "
    "an answer from your calendar does not reach us."
)
FORWARD_NOTE = "The link is yours alone: please do not pass this email on."


def _invitation(facts: Facts, portal_url: str, secret: str | None) -> Letter:
    return Letter(
        "You are invited to a PEP meeting",
        (
            f"Please come to the meeting about the Personal Education Plan (PEP) of "
            f"{facts.initials}. You can accept, decline or suggest another time.",
        ),
        details=_meeting_details(facts),
        links=_answer_links(facts, portal_url, secret),
        notes=(CALENDAR_NOTE, FORWARD_NOTE),
    )


def _rescheduled(facts: Facts, portal_url: str, secret: str | None) -> Letter:
    before = f" It was to be on {day_and_time(facts.old_starts_at)}." if facts.old_starts_at else ""
    lines = [f"The PEP meeting for {facts.initials} has a new date, time or place.{before}"]
    if facts.why:
        lines.append(f"Reason: {facts.why}")
    lines.append("Please answer again for the new time.")
    return Letter(
        "A PEP meeting has changed",
        tuple(lines),
        details=_meeting_details(facts),
        links=_answer_links(facts, portal_url, secret),
        notes=(CALENDAR_NOTE, FORWARD_NOTE),
    )


def _cancelled(facts: Facts, _: str, __: str | None) -> Letter:
    lines = [f"The PEP meeting for {facts.initials} will not take place."]
    if facts.why:
        lines.append(f"Reason: {facts.why}")
    return Letter(
        "A PEP meeting is cancelled",
        tuple(lines),
        details=_meeting_details(facts),
        notes=("The attached file takes the meeting out of your calendar.",),
    )


ANSWERS = {
    "accepted": "has accepted the invitation",
    "declined": "has declined the invitation",
    "proposed": "has suggested another time",
}


def _answered(facts: Facts, portal_url: str, _: str | None) -> Letter:
    lines = [f"{facts.who} {ANSWERS[facts.answer or '']} to the PEP meeting for {facts.initials}."]
    if facts.answer == "proposed":
        lines = [f"{facts.who} {ANSWERS['proposed']} for the PEP meeting for {facts.initials}."]
    if facts.commented:
        lines.append("They left a comment, which you can read in ePEP.")
    suggested = (("Suggested time", day_and_time(facts.proposed_at)),) if facts.proposed_at else ()
    return Letter(
        "An answer to your invitation",
        tuple(lines),
        details=suggested,
        links=_pep_link(facts, portal_url, "See the meeting in ePEP"),
    )


def _pep_link(facts: Facts, portal_url: str, label: str) -> tuple[tuple[str, str], ...]:
    if facts.pep_id is None:
        return ()
    return ((label, f"{portal_url}/peps/{facts.pep_id}"),)


def _about_pep(heading: str, line: str, label: str) -> Callable[[Facts, str, str | None], Letter]:
    def write(facts: Facts, portal_url: str, _: str | None) -> Letter:
        kind = (("Kind of PEP", facts.pep_kind),) if facts.pep_kind else ()
        return Letter(
            heading,
            (line.format(initials=facts.initials),),
            details=kind,
            links=_pep_link(facts, portal_url, label),
        )

    return write


def _emergency_access(facts: Facts, portal_url: str, _: str | None) -> Letter:
    until = f" It ends at {clock(facts.expires_at)}, a day later." if facts.expires_at else ""
    return Letter(
        "A record was opened in an emergency",
        (
            f"{facts.who or 'Somebody'} has opened the record of a child in your authority who is "
            f"not theirs, and gave a reason.{until}",
            "The reason and everything they looked at are on the child’s page. If it was not "
            "needed, end the person’s access and speak with them.",
        ),
        links=(("Open the child’s page", f"{portal_url}/children/{facts.child_id}"),),
    )


LETTERS: dict[str, Callable[[Facts, str, str | None], Letter]] = {
    "login_code": _login_code,
    "invitation": _invitation,
    "rescheduled": _rescheduled,
    "cancelled": _cancelled,
    "answered": _answered,
    "meeting_confirmed": _about_pep(
        "A PEP meeting has taken place",
        "The PEP meeting for {initials} has been confirmed as held.",
        "See the PEP",
    ),
    "submitted": _about_pep(
        "A PEP is ready for quality assurance",
        "The PEP for {initials} has been submitted to the virtual school.",
        "Open the PEP",
    ),
    "returned": _about_pep(
        "A PEP needs more work",
        "The virtual school has returned the PEP for {initials}. Its comment is in ePEP, with "
        "what to change before you submit the PEP again.",
        "Read the comment in ePEP",
    ),
    "signed_off": _about_pep(
        "A PEP has been signed off",
        "The PEP for {initials} is complete and signed off. Nothing is left for you to do.",
        "See the PEP",
    ),
    "emergency_access": _emergency_access,
    "feedback": _about_pep(
        "Feedback on a PEP",
        "The virtual school has looked at the quality of the PEP for {initials}.",
        "Read the feedback in ePEP",
    ),
}
