"""qa-service put together."""

from pathlib import Path

from epep_access import parts as access
from epep_runtime.service import Service
from qa_service.live_board import board as live_board
from qa_service.live_board import routes as board_routes
from qa_service.live_board.profiles import BOARD_PROFILES
from qa_service.reactions.taking_up import TAKING_UP
from qa_service.read_models import review_list
from qa_service.read_models.peps import PEPS
from qa_service.read_models.review_list import REVIEWS
from qa_service.reviews import opening, publishing, scoring, viewing
from qa_service.settings import QASettings

SERVICE = Service(
    name="qa",
    description="Reviews of PEPs by the virtual school: before sign-off, or a sample after it.",
    migrations=Path(__file__).parent / "migrations",
    settings=QASettings,
    routers=[
        review_list.router,
        viewing.router,
        opening.router,
        scoring.router,
        publishing.router,
        board_routes.router,
    ],
    projectors=[*access.PROJECTORS, PEPS, REVIEWS, BOARD_PROFILES],
    reactors=[TAKING_UP],
    role_workers={"api": [live_board.follow], "board": [live_board.work]},
    on_start=[*access.ON_START, live_board.prepare],
    metrics=[live_board.metrics],
    sql=access.SQL,
)
