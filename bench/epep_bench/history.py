"""Made-up histories of children, as pep-service's log would have them: three PEPs each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from epep_events.base import Event
from epep_events.envelope import Actor, Metadata
from epep_events.pep import (
    CareEpisodeStarted,
    ChildRegistered,
    FieldChange,
    PageSaved,
    PEPInitiated,
    PEPSignedOff,
    Placement,
    ProfessionalAssigned,
    SectionCompleted,
    SettingChanged,
    Target,
    TargetDrafted,
    TargetSubmitted,
)
from epep_events.profile import AuthorityProfile
from epep_runtime.ids import derived_id
from pep_service.profiles.documents_on_disk import shipped_documents
from pep_service.profiles.form import pages_of, sections_of

CHILDREN_OF_AN_AUTHORITY = 550
"""About what an English authority looks after: 83,000 children in 153 authorities."""
PEPS, PAGES = 3, 12
EVENTS_OF_A_CHILD = 6 + PEPS * (PAGES + 6) - 1
"""The last PEP is still under way, so that it can be worked on."""
BEGINNING = datetime(2024, 9, 2, 9, 0, tzinfo=UTC)
ANSWER = "She reads to an adult three times a week and has begun to ask for longer books by herself"


@dataclass(frozen=True, slots=True)
class Said:
    """One event of a history, with the child that it is about."""

    event: Event
    meta: Metadata
    child_id: UUID


@lru_cache(maxsize=1)
def profile() -> AuthorityProfile:
    """Return Birmingham's way of working, which all made-up authorities share."""
    return next(each for each in shipped_documents() if each.code == "330")


def profile_of(authority: str) -> AuthorityProfile:
    """Return that way of working under another authority's code."""
    return profile().model_copy(update={"code": authority, "name": f"Authority {authority}"})


def authority_of(number: int) -> str:
    """Return the code of the authority that looks after the child of that number."""
    return f"{400 + number // CHILDREN_OF_AN_AUTHORITY}"


def child_id_of(number: int) -> UUID:
    """Return the id of the child of that number."""
    return derived_id("bench child", number)


def pep_id_of(number: int, term: int) -> UUID:
    """Return the id of a child's PEP of that term, from 0."""
    return derived_id("bench pep", number, term)


def teacher_of(number: int) -> UUID:
    """Return the account of the designated teacher of a child: one for each ten children."""
    return derived_id("bench teacher", number // 10)


@lru_cache(maxsize=1)
def pages() -> tuple[tuple[str, str, str, tuple[tuple[str, str], ...]], ...]:
    """Return section, page, title and some text fields (key, label) of the form's pages."""
    found = []
    for section, page in pages_of(sections_of(profile(), "school_age", 8)):
        fields = tuple((each.key, each.label) for each in page.fields if each.type == "text")
        if page.kind == "form" and fields:
            found.append((section.key, page.key, page.title, fields[:3]))
    return tuple(found)


def children(first: int, count: int) -> Iterator[list[Said]]:
    """Yield the whole history of each of these children."""
    for number in range(first, first + count):
        yield list(_of_child(number))


def histories(events: int) -> Iterator[list[Said]]:
    """Yield whole histories of children until there are at least so many events."""
    yield from children(0, -(-events // EVENTS_OF_A_CHILD))


def _of_child(number: int) -> Iterator[Said]:
    child_id, authority = child_id_of(number), authority_of(number)
    clerk = str(derived_id("bench clerk", authority))
    stream = f"child-{child_id}"
    for version, event in enumerate(_beginning(number, child_id), start=1):
        at = BEGINNING + timedelta(seconds=number)
        yield _said(event, stream, version, at, authority, clerk, "virtual_school", child_id)
    teacher = str(teacher_of(number))
    for term in range(PEPS):
        pep_id = pep_id_of(number, term)
        for version, event in enumerate(_of_pep(number, term, child_id, pep_id), start=1):
            at = BEGINNING + timedelta(days=90 * term + version, seconds=number)
            who = (clerk, "virtual_school") if version == 1 else (teacher, "designated_teacher")
            yield _said(event, f"pep-{pep_id}", version, at, authority, *who, child_id)


def _said(
    event: Event,
    stream: str,
    version: int,
    at: datetime,
    authority: str,
    account: str,
    role: str,
    child_id: UUID,
) -> Said:
    event_id = derived_id(stream, version)
    meta = Metadata(
        event_id=event_id,
        type=event.type_name(),
        schema_version=event.schema_version,
        source="pep",
        stream_id=stream,
        stream_version=version,
        occurred_at=at,
        authority=authority,
        actor=Actor(id=account, role=role),
        correlation_id=event_id,
    )
    return Said(event, meta, child_id)


def _beginning(number: int, child_id: UUID) -> Iterator[Event]:
    yield ChildRegistered(
        child_id=child_id,
        social_care_id=f"B{number:07d}",
        first_name=f"Robin{number % 97}",
        last_name=f"Ashford{number % 1009}",
        date_of_birth=date(2012, 10, 1) + timedelta(days=number % 300),
        sex="1",
        ethnicity="WBRI",
    )
    yield CareEpisodeStarted(
        child_id=child_id,
        started_on=date(2023, 5, 4),
        reason="S",
        legal_status="C2",
        category_of_need="N1",
        placement=Placement(place="U6", provider="PR1", postcode="B1 1AA"),
    )
    yield SettingChanged(
        child_id=child_id, old_urn=None, new_urn="900001", setting_name="Larkfield Academy"
    )
    for role, account in (
        ("designated_teacher", teacher_of(number)),
        ("social_worker", derived_id("bench social worker", number // 20)),
        ("carer", derived_id("bench carer", number)),
    ):
        yield ProfessionalAssigned.model_validate(
            {"child_id": child_id, "account_id": account, "role": role}
        )


def _of_pep(number: int, term: int, child_id: UUID, pep_id: UUID) -> Iterator[Event]:
    way = profile()
    yield PEPInitiated(
        pep_id=pep_id,
        child_id=child_id,
        child_initials="R.A.",
        kind=way.kinds[0].value,
        kind_label=way.kinds[0].label,
        variant="school_age",
        key_stage="KS3",
        year_group=8,
        profile_code=authority_of(number),
        profile_version=way.version,
        initiated_on=(BEGINNING + timedelta(days=90 * term)).date(),
        completion_due=(BEGINNING + timedelta(days=90 * term + 20)).date(),
        meeting=None,
        previous_pep_id=pep_id_of(number, term - 1) if term else None,
    )
    form = pages()
    for each in range(PAGES):
        yield _page(pep_id, form[each % len(form)], f"{ANSWER} ({number} {term} {each}).")
    target_id = derived_id("bench target", pep_id)
    statement = "Read aloud to an adult three times a week until the end of term."
    yield TargetDrafted(
        pep_id=pep_id,
        target_id=target_id,
        section=form[0][0],
        target=Target(
            area="progress",
            statement=statement,
            success_measure="Reading age up by three months.",
            due_on=(BEGINNING + timedelta(days=90 * term + 80)).date(),
        ),
    )
    yield TargetSubmitted(
        pep_id=pep_id, target_id=target_id, section=form[0][0], statement=statement
    )
    for section in ("education", "care"):
        yield SectionCompleted(
            pep_id=pep_id, child_id=child_id, section=section, section_title=section.capitalize()
        )
    if term < PEPS - 1:
        yield PEPSignedOff(
            pep_id=pep_id,
            child_id=child_id,
            kind=way.kinds[0].value,
            profile_version=way.version,
            next_pep_id=pep_id_of(number, term + 1),
            next_meeting_at=None,
        )


def _page(
    pep_id: UUID, page: tuple[str, str, str, tuple[tuple[str, str], ...]], answer: str
) -> PageSaved:
    section, key, title, fields = page
    return PageSaved(
        pep_id=pep_id,
        section=section,
        page=key,
        page_title=title,
        changes=tuple(
            FieldChange(field=field, label=label, old=None, new=answer) for field, label in fields
        ),
    )
