"""What each kind of mail says. Layout is the templates' affair, so text and HTML say the same."""

from collections.abc import Callable
from dataclasses import replace

from notification_service.mails.digest_letter import digest
from notification_service.mails.identity_letters import IDENTITY_LETTERS
from notification_service.mails.language import N_, _
from notification_service.mails.letter import Details, Letter
from notification_service.mails.wording import clock, day_and_time, span
from notification_service.notifications.facts import Facts, MeetingFacts


def letter_of(
    facts: Facts, portal_url: str, secret: str | None, not_me: str | None = None
) -> Letter:
    """Return what the mail says, in the language that is spoken.

    `secret` is the opened code or token, where there is one.
    `not_me` is the token of the link by which the reader says "this is not me".
    """
    letter = (LETTERS | IDENTITY_LETTERS)[facts.kind](facts, portal_url, secret)
    if not_me is None:
        return letter
    link = (_("This is not me"), f"{portal_url}/not-me/{not_me}")
    return replace(letter, links=(*letter.links, link))


def _meeting(facts: Facts) -> MeetingFacts:
    if facts.meeting is None:
        raise ValueError(f"a mail of kind {facts.kind} needs a meeting")
    return facts.meeting


def _login_code(facts: Facts, __: str, secret: str | None) -> Letter:
    once = _("The code works once.")
    if facts.expires_at:
        until = clock(facts.expires_at)
        once = _("The code works once. It runs out at %(time)s.", time=until)
    return Letter(
        _("Your security code"),
        (_("Enter this code to finish logging in to ePEP."),),
        code=secret,
        notes=(
            once,
            _("Nobody from ePEP or a virtual school will ever ask you for it."),
            _(
                "If you did not just try to log in, somebody else may know your password: "
                "tell your virtual school."
            ),
        ),
    )


def _meeting_details(facts: Facts) -> Details:
    meeting = _meeting(facts)
    contact = ", ".join(part for part in (facts.contact_name, facts.contact_phone) if part)
    found = (
        (_("When"), span(meeting.starts_at, meeting.duration_minutes)),
        (_("Where"), meeting.place or _("To be agreed")),
        (_("Why"), facts.reason or ""),
        (_("Contact"), contact),
    )
    return tuple((label, value) for label, value in found if value)


def _answer_links(facts: Facts, portal_url: str, secret: str | None) -> tuple[tuple[str, str], ...]:
    links = []
    if secret:
        answer = f"{portal_url}/invitations/answer/{secret}"
        links.append((_("Answer this invitation"), answer))
    if facts.has_account:
        links.append((_("See your invitations in ePEP"), f"{portal_url}/invitations"))
    return tuple(links)


CALENDAR_NOTE = N_(
    "The attached file puts the meeting in your calendar. Please answer with the link: "
    "an answer from your calendar does not reach us."
)
FORWARD_NOTE = N_("The link is yours alone: please do not pass this email on.")


def _invitation(facts: Facts, portal_url: str, secret: str | None) -> Letter:
    return Letter(
        _("You are invited to a PEP meeting"),
        (
            _(
                "Please come to the meeting about the Personal Education Plan (PEP) of "
                "%(initials)s. You can accept, decline or suggest another time.",
                initials=facts.initials,
            ),
        ),
        details=_meeting_details(facts),
        links=_answer_links(facts, portal_url, secret),
        notes=(_(CALENDAR_NOTE), _(FORWARD_NOTE)),
    )


def _rescheduled(facts: Facts, portal_url: str, secret: str | None) -> Letter:
    initials = facts.initials
    new = _("The PEP meeting for %(initials)s has a new date, time or place.", initials=initials)
    if facts.old_starts_at:
        before = day_and_time(facts.old_starts_at)
        new = _(
            "The PEP meeting for %(initials)s has a new date, time or place. It was to be on "
            "%(before)s.",
            initials=initials,
            before=before,
        )
    lines = [new]
    if facts.why:
        lines.append(_("Reason: %(why)s", why=facts.why))
    lines.append(_("Please answer again for the new time."))
    return Letter(
        _("A PEP meeting has changed"),
        tuple(lines),
        details=_meeting_details(facts),
        links=_answer_links(facts, portal_url, secret),
        notes=(_(CALENDAR_NOTE), _(FORWARD_NOTE)),
    )


def _cancelled(facts: Facts, __: str, ___: str | None) -> Letter:
    initials = facts.initials
    lines = [_("The PEP meeting for %(initials)s will not take place.", initials=initials)]
    if facts.why:
        lines.append(_("Reason: %(why)s", why=facts.why))
    return Letter(
        _("A PEP meeting is cancelled"),
        tuple(lines),
        details=_meeting_details(facts),
        notes=(_("The attached file takes the meeting out of your calendar."),),
    )


ANSWERS = {
    "accepted": N_("%(who)s has accepted the invitation to the PEP meeting for %(initials)s."),
    "declined": N_("%(who)s has declined the invitation to the PEP meeting for %(initials)s."),
    "proposed": N_("%(who)s has suggested another time for the PEP meeting for %(initials)s."),
}


def _answered(facts: Facts, portal_url: str, __: str | None) -> Letter:
    said = ANSWERS[facts.answer or ""]
    lines = [_(said, who=facts.who, initials=facts.initials)]
    if facts.commented:
        lines.append(_("They left a comment, which you can read in ePEP."))
    proposed = facts.proposed_at
    suggested = ((_("Suggested time"), day_and_time(proposed)),) if proposed else ()
    return Letter(
        _("An answer to your invitation"),
        tuple(lines),
        details=suggested,
        links=_pep_link(facts, portal_url, _("See the meeting in ePEP")),
    )


def _pep_link(facts: Facts, portal_url: str, label: str) -> tuple[tuple[str, str], ...]:
    if facts.pep_id is None:
        return ()
    return ((label, f"{portal_url}/peps/{facts.pep_id}"),)


def _about_pep(heading: str, line: str, label: str) -> Callable[[Facts, str, str | None], Letter]:
    def write(facts: Facts, portal_url: str, __: str | None) -> Letter:
        kind = ((_("Kind of PEP"), facts.pep_kind),) if facts.pep_kind else ()
        return Letter(
            _(heading),
            (_(line, initials=facts.initials),),
            details=kind,
            links=_pep_link(facts, portal_url, _(label)),
        )

    return write


def _emergency_access(facts: Facts, portal_url: str, __: str | None) -> Letter:
    opened = _(
        "%(who)s has opened the record of a child in your authority who is not theirs, and gave a "
        "reason.",
        who=facts.who or _("Somebody"),
    )
    if facts.expires_at:
        ends = _("It ends at %(time)s, a day later.", time=clock(facts.expires_at))
        opened = f"{opened} {ends}"
    return Letter(
        _("A record was opened in an emergency"),
        (
            opened,
            _(
                "The reason and everything they looked at are on the child’s page. If it was not "
                "needed, end the person’s access and speak with them."
            ),
        ),
        links=((_("Open the child’s page"), f"{portal_url}/children/{facts.child_id}"),),
    )


LETTERS: dict[str, Callable[[Facts, str, str | None], Letter]] = {
    "login_code": _login_code,
    "invitation": _invitation,
    "rescheduled": _rescheduled,
    "cancelled": _cancelled,
    "answered": _answered,
    "meeting_confirmed": _about_pep(
        N_("A PEP meeting has taken place"),
        N_("The PEP meeting for %(initials)s has been confirmed as held."),
        N_("See the PEP"),
    ),
    "submitted": _about_pep(
        N_("A PEP is ready for quality assurance"),
        N_("The PEP for %(initials)s has been submitted to the virtual school."),
        N_("Open the PEP"),
    ),
    "returned": _about_pep(
        N_("A PEP needs more work"),
        N_(
            "The virtual school has returned the PEP for %(initials)s. Its comment is in ePEP, "
            "with what to change before you submit the PEP again."
        ),
        N_("Read the comment in ePEP"),
    ),
    "signed_off": _about_pep(
        N_("A PEP has been signed off"),
        N_("The PEP for %(initials)s is complete and signed off. Nothing is left for you to do."),
        N_("See the PEP"),
    ),
    "emergency_access": _emergency_access,
    "digest": digest,
    "feedback": _about_pep(
        N_("Feedback on a PEP"),
        N_("The virtual school has looked at the quality of the PEP for %(initials)s."),
        N_("Read the feedback in ePEP"),
    ),
}
