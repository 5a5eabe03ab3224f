"""Somebody who was invited by e-mail has an account now: they see the child of that meeting."""

from epep_events.envelope import Metadata
from epep_events.getting_in import InvitationClaimed
from epep_runtime.subscriptions import Reaction, Reactor
from pep_service.children.assigning import assign
from pep_service.children.child import CHILD
from pep_service.children.facts import ProfessionalFacts
from pep_service.peps.pep import PEPS


async def claimed(reaction: Reaction, event: InvitationClaimed, _: Metadata) -> None:
    """Assign the person to the PEP's child in the role they got; nothing for no such PEP."""
    pep = (await reaction.load(PEPS, event.pep_id)).state
    if pep.initiated is None or pep.start.profile_code != event.authority_code:
        return
    told = ProfessionalFacts(account_id=event.account_id, role=event.role)
    await reaction.append(CHILD, pep.start.child_id, lambda child: assign(child, told))


INVITED = Reactor("invited", ("identity",), {InvitationClaimed: claimed})
