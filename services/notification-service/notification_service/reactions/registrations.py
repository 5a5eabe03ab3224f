"""Somebody registers: a link, a word to the virtual school, and its answer to them."""

from collections.abc import Mapping
from uuid import UUID

from epep_events.envelope import Metadata
from epep_events.getting_in import (
    RegistrationAccepted,
    RegistrationRefused,
    RegistrationRepeated,
    RegistrationStarted,
    RegistrationValidated,
)
from epep_events.notification import Kind
from epep_events.profile import Role
from epep_runtime.subscriptions import Reaction, Reactor
from notification_service.mails.language import N_
from notification_service.notifications.facts import Facts
from notification_service.notifications.requesting import Notice, Recipient, tell
from notification_service.reactions.knowing import authority_of, person_of

ROLES: Mapping[Role, str] = {
    "social_worker": N_("social worker"),
    "designated_teacher": N_("designated teacher"),
    "designated_person": N_("designated person"),
    "delegate": N_("delegate"),
    "virtual_school": N_("virtual school"),
    "virtual_school_head": N_("virtual school head"),
    "education_advisor": N_("education advisor"),
    "education_officer": N_("education officer"),
    "placement_officer": N_("placement officer"),
    "coordinator": N_("coordinator"),
    "iro": N_("independent reviewing officer"),
    "carer": N_("carer"),
    "parent": N_("parent"),
    "young_person": N_("young person"),
    "auditor": N_("auditor"),
    "operator": N_("operator"),
    "system": N_("system"),
}
"""What somebody asks to be, in the middle of a sentence."""


async def mail_link(reaction: Reaction, event: RegistrationStarted, meta: Metadata) -> None:
    """Mail the link that proves the address (B05)."""
    known = await authority_of(reaction)
    facts = Facts(
        kind="registration_link",
        said_at=meta.occurred_at,
        name=event.name,
        has_account=False,
        authority=known.facts,
        sealed=event.sealed_token,
        expires_at=event.expires_at,
    )
    await tell(reaction, [Notice(Recipient(event.name, event.email), facts)])


async def mail_owner(reaction: Reaction, event: RegistrationRepeated, meta: Metadata) -> None:
    """Tell the owner of an address that somebody wanted to use it."""
    person = await person_of(reaction, event.account_id)
    if person is None:
        return
    facts = Facts(
        kind="registration_known",
        said_at=meta.occurred_at,
        name=person.name,
        has_account=True,
        detail=event.wanted_for,
    )
    await tell(reaction, [Notice(person, facts)])


async def mail_virtual_school(
    reaction: Reaction, event: RegistrationValidated, meta: Metadata
) -> None:
    """Tell the virtual school's shared mailbox that somebody waits in the queue."""
    known = await authority_of(reaction)
    to = Recipient(known.facts.virtual_school, known.facts.contact_email)
    facts = Facts(
        kind="registration_waiting",
        said_at=meta.occurred_at,
        name=to.name,
        has_account=False,
        authority=known.facts,
        who=event.name,
        role_label=ROLES[event.role],
    )
    await tell(reaction, [Notice(to, facts)])


async def mail_acceptance(reaction: Reaction, event: RegistrationAccepted, meta: Metadata) -> None:
    """Tell somebody that they have access now."""
    label = ROLES[event.role]
    await _answer(reaction, "registration_accepted", event.account_id, meta, role_label=label)


async def mail_refusal(reaction: Reaction, event: RegistrationRefused, meta: Metadata) -> None:
    """Tell somebody that they have no access, and why."""
    await _answer(reaction, "registration_refused", event.account_id, meta, why=event.why)


async def _answer(
    reaction: Reaction, kind: Kind, account_id: UUID, meta: Metadata, **more: str
) -> None:
    known = await authority_of(reaction)
    person = await person_of(reaction, account_id)
    if person is None:
        return
    facts = Facts(
        kind=kind,
        said_at=meta.occurred_at,
        name=person.name,
        has_account=True,
        authority=known.facts,
    ).model_copy(update=more)
    await tell(reaction, [Notice(person, facts)])


REGISTRATIONS = Reactor(
    "registrations",
    ("identity",),
    {
        RegistrationStarted: mail_link,
        RegistrationRepeated: mail_owner,
        RegistrationValidated: mail_virtual_school,
        RegistrationAccepted: mail_acceptance,
        RegistrationRefused: mail_refusal,
    },
)
