"""What the Create PEP form shows before anybody types: filled in where the rules know (S44-S46)."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel

from epep_access.answers import Answers
from epep_access.checking import acting_for_child
from epep_access.people import person_of
from epep_events.profile import AuthorityProfile, Choice, Variant
from epep_runtime.civil_time import local_date
from epep_runtime.http import CHANGE_RESPONSES, Asking, running_of
from epep_runtime.language import _
from epep_runtime.problems import RefusedError
from pep_service.children.school_year import school_year
from pep_service.peps.initiating import Circumstances, circumstances
from pep_service.peps.inviting import KnownPerson
from pep_service.peps.reading import role_label
from pep_service.profiles.deadlines import rule_text
from pep_service.profiles.next_pep import default_kind
from pep_service.profiles.published import profile_of

router = APIRouter(tags=["peps"])


class FormChild(BaseModel):
    """Whose PEP it will be."""

    child_id: UUID
    name: str
    initials: str


class FormPerson(BaseModel):
    """Somebody who can be invited by account."""

    account_id: UUID
    name: str
    role: str
    role_label: str


class FormContact(BaseModel):
    """Whom to ask about the meeting: at first the person who fills in the form (S51)."""

    name: str | None
    phone: str | None


class CreateForm(BaseModel):
    """The form's facts, choices and first values."""

    child: FormChild
    labels: dict[str, str]
    key_stage: str
    year_group: int
    year_group_label: str
    variant: Variant
    kinds: Sequence[Choice]
    default_kind: str
    reasons: Sequence[Choice]
    initiated_on: date
    completion_rule_text: str | None
    people: Sequence[FormPerson]
    chair_hint: str
    contact: FormContact


def form_of(told: Circumstances, today: date, contact: FormContact) -> CreateForm:
    """Return the form for a child on a day. Raises RefusedError for an age without a form."""
    child, profile = told.child, told.profile
    year = school_year(child.date_of_birth, today)
    variant = profile.variants_by_year.get(str(year.year_group))
    if variant is None or child.child_id is None:
        raise RefusedError(
            _("%(name)s has no PEP for %(label)s.", name=profile.name, label=year.label), "age"
        )
    return CreateForm(
        child=FormChild(child_id=child.child_id, name=child.name, initials=child.initials),
        labels=profile.labels,
        key_stage=year.key_stage,
        year_group=year.year_group,
        year_group_label=year.label,
        variant=variant,
        kinds=profile.kinds,
        default_kind=default_kind(profile, first=not told.peps).value,
        reasons=profile.meeting_reasons,
        initiated_on=today,
        completion_rule_text=rule_text(profile.deadlines.complete_after_meeting),
        people=[_shown(each, profile) for each in told.people.values()],
        chair_hint=profile.chair_hint,
        contact=contact,
    )


def _shown(person: KnownPerson, profile: AuthorityProfile) -> FormPerson:
    return FormPerson(
        account_id=person.account_id,
        name=person.name,
        role=person.role,
        role_label=role_label(profile, person.role),
    )


@router.get(
    "/children/{child_id}/pep-form",
    summary="What Create PEP needs",
    response_model=CreateForm,
    responses={code: CHANGE_RESPONSES[code] for code in (403, 409)},
)
async def show_form(child_id: UUID, asking: Asking, request: Request) -> CreateForm:
    """Show the form's first values to those whom the authority lets create a PEP (D16)."""
    running = running_of(request)
    acting = await acting_for_child(running.pool, asking, child_id, running.part(Answers))
    profile = await profile_of(running.pool, acting.authority)
    role = acting.must("pep.create", profile.permissions.create_pep)
    told = await circumstances(running, asking, role, child_id, acting.authority)
    person = await person_of(running.pool, asking.account_id)
    contact = FormContact(name=person.name if person else asking.name, phone=None)
    return form_of(told, local_date(running.store.clock()), contact)
