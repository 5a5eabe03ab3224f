"""qa-service put together."""

from pathlib import Path

from epep_access.following import ACCESS, ACCESS_SQL
from epep_access.people import PEOPLE, PEOPLE_SQL
from epep_access.profiles import PROFILES, PROFILES_SQL
from epep_runtime.service import Service
from qa_service.reactions.taking_up import TAKING_UP
from qa_service.read_models import review_list
from qa_service.read_models.peps import PEPS
from qa_service.read_models.review_list import REVIEWS
from qa_service.reviews import opening, publishing, scoring, viewing

SERVICE = Service(
    name="qa",
    description="Reviews of PEPs by the virtual school: before sign-off, or a sample after it.",
    migrations=Path(__file__).parent / "migrations",
    routers=[
        review_list.router,
        viewing.router,
        opening.router,
        scoring.router,
        publishing.router,
    ],
    projectors=[ACCESS, PROFILES, PEPS, PEOPLE, REVIEWS],
    reactors=[TAKING_UP],
    sql=[ACCESS_SQL, PEOPLE_SQL, PROFILES_SQL],
)
