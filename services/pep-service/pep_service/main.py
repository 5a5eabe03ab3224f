"""pep-service put together: the only place that knows every part of it."""

from pathlib import Path

from epep_access.following import ACCESS, ACCESS_SQL
from epep_runtime.service import Service
from pep_service.profiles.published import publish_shipped_documents
from pep_service.profiles.routes import router as profiles
from pep_service.read_models.profiles import PROFILES
from pep_service.settings import PEPSettings

SERVICE = Service(
    name="pep",
    description="Authorities' profiles, children in care, their PEPs and the change log.",
    migrations=Path(__file__).parent / "migrations",
    settings=PEPSettings,
    sql=[ACCESS_SQL],
    routers=[profiles],
    projectors=[ACCESS, PROFILES],
    on_start=[publish_shipped_documents],
)
"""The service as `python -m pep_service` runs it."""
