"""pep-service put together: the only place that knows every part of it."""

from pathlib import Path

from epep_access import parts as access
from epep_runtime.service import Service
from pep_service.access import parts as who
from pep_service.children import parts as children
from pep_service.peps import parts as peps
from pep_service.profiles.published import publish_shipped_documents
from pep_service.profiles.routes import router as profiles
from pep_service.reactions.invitations import INVITED
from pep_service.reactions.meetings import MEETINGS
from pep_service.reactions.next_term import NEXT_TERM
from pep_service.reactions.reviews import REVIEWS
from pep_service.read_models.change_log.projector import CHANGE_LOG
from pep_service.read_models.change_log.routes import router as change_log
from pep_service.read_models.home import HOME
from pep_service.read_models.home import router as home
from pep_service.read_models.home_file import router as home_file
from pep_service.read_models.pep_cards import PEP_CARDS
from pep_service.settings import PEPSettings

SERVICE = Service(
    name="pep",
    description="Authorities' profiles, children in care, their PEPs and the change log.",
    migrations=Path(__file__).parent / "migrations",
    settings=PEPSettings,
    sql=access.SQL,
    routers=[profiles, home, home_file, *children.ROUTERS, *who.ROUTERS, *peps.ROUTERS, change_log],
    projectors=[
        *access.PROJECTORS,
        HOME,
        PEP_CARDS,
        CHANGE_LOG,
        *children.PROJECTORS,
        *who.PROJECTORS,
    ],
    reactors=[MEETINGS, INVITED, REVIEWS, NEXT_TERM, *children.REACTORS, *who.REACTORS],
    workers=[*children.WORKERS],
    on_start=[*access.ON_START, publish_shipped_documents],
    body_limits=children.BODY_LIMITS,
)
"""The service as `python -m pep_service` runs it."""
