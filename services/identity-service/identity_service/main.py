"""identity-service as a list of its parts."""

from pathlib import Path

from epep_access.people import PEOPLE, PEOPLE_SQL
from epep_runtime.service import Service
from identity_service.accounts import asking_who_i_am, finding_people
from identity_service.housekeeping import keep_tidy
from identity_service.logins import confirming, resending, starting
from identity_service.parts import prepare
from identity_service.sessions import ending, renewing
from identity_service.settings import IdentitySettings

SERVICE = Service(
    name="identity",
    description="Accounts, log-in by password and mailed code, sessions and signed tokens.",
    migrations=Path(__file__).parent / "migrations",
    settings=IdentitySettings,
    routers=[
        starting.router,
        confirming.router,
        resending.router,
        renewing.router,
        ending.router,
        asking_who_i_am.router,
        finding_people.router,
    ],
    projectors=[PEOPLE],
    sql=[PEOPLE_SQL],
    workers=[keep_tidy],
    on_start=[prepare],
)
