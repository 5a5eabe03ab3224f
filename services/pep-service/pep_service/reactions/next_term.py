"""When a PEP has been signed off, next term's PEP begins: once, under an id that follows."""

from epep_events.envelope import Metadata
from epep_events.pep import PEPSignedOff
from epep_runtime.subscriptions import Reaction, Reactor
from pep_service.children.child import CHILD
from pep_service.peps.generating_next import decide
from pep_service.peps.inviting import known_people
from pep_service.peps.pep import PEPS
from pep_service.profiles.published import profile_of


async def signed_off(reaction: Reaction, event: PEPSignedOff, _: Metadata) -> None:
    """Begin the next PEP with the meeting that was agreed, by the authority's newest profile."""
    if event.next_pep_id is None:
        return
    last = (await reaction.load(PEPS, event.pep_id)).state
    child = (await reaction.load(CHILD, event.child_id)).state
    profile = await profile_of(reaction.connection, last.start.profile_code)
    people = await known_people(reaction.connection, child.people)
    now = reaction.now
    await reaction.append(
        PEPS,
        event.next_pep_id,
        lambda there: decide(there, event, last, child, profile, people.values(), now),
    )


NEXT_TERM = Reactor(name="next_term", contexts=("pep",), handles={PEPSignedOff: signed_off})
