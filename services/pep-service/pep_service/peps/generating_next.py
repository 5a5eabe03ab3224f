"""The next term's PEP, which follows from a sign-off (B91, S91). Pure."""

from collections.abc import Iterable
from datetime import datetime

from epep_events.base import Event
from epep_events.pep import Invitee, PEPInitiated, PEPSignedOff
from epep_events.profile import AuthorityProfile
from epep_runtime.civil_time import local_date
from pep_service.children.child import Child
from pep_service.children.school_year import school_year
from pep_service.peps.inviting import GUEST, KnownPerson
from pep_service.peps.pep import PEP
from pep_service.profiles.deadlines import completion_due
from pep_service.profiles.next_pep import next_kind


def next_invitees(last: PEP, people: Iterable[KnownPerson]) -> tuple[Invitee, ...]:
    """Return everybody who works with the child now, and last time's plain e-mail addresses."""
    found = [person.invitee() for person in people]
    addresses = {invitee.email for invitee in found}
    guests = [
        each
        for each in last.start.invitees
        if each.role == GUEST and each.account_id is None and each.email not in addresses
    ]
    return (*found, *guests)


def decide(
    there: PEP,
    signed_off: PEPSignedOff,
    last: PEP,
    child: Child,
    profile: AuthorityProfile,
    people: Iterable[KnownPerson],
    now: datetime,
) -> list[Event]:
    """Return `PEPInitiated` of the next PEP; nothing when it is there, or no meeting was agreed.

    `there` is the stream of the next PEP, `last` the PEP signed off. Year group and variant are
    those of the day of the agreed meeting, since a PEP signed off in July is for September.
    """
    plan = last.next_meeting
    if there.initiated is not None or signed_off.next_pep_id is None or plan is None:
        return []
    meeting_on = local_date(plan.starts_at)
    year = school_year(child.date_of_birth, meeting_on)
    kind = next_kind(profile)
    return [
        PEPInitiated(
            pep_id=signed_off.next_pep_id,
            child_id=signed_off.child_id,
            child_initials=child.initials,
            kind=kind.value,
            kind_label=kind.label,
            variant=profile.variants_by_year.get(str(year.year_group), last.start.variant),
            key_stage=year.key_stage,
            year_group=year.year_group,
            profile_code=profile.code,
            profile_version=profile.version,
            initiated_on=local_date(now),
            completion_due=completion_due(profile.deadlines.complete_after_meeting, meeting_on),
            meeting=plan,
            invitees=next_invitees(last, people),
            previous_pep_id=signed_off.pep_id,
        )
    ]
