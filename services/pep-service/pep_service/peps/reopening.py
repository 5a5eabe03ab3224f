"""A completed section that is changed is complete no longer (domain 8.3)."""

from epep_events.base import Event
from epep_events.pep import SectionReopened
from epep_events.profile import Section
from pep_service.peps.pep import PEP


def reopened(pep: PEP, section: Section, because: str) -> list[Event]:
    """Return `SectionReopened` where the section is complete, else nothing."""
    if section.key not in pep.completed:
        return []
    start = pep.start
    return [
        SectionReopened(
            pep_id=start.pep_id,
            child_id=start.child_id,
            section=section.key,
            section_title=section.title,
            because=because,
        )
    ]
