"""A worker of the board that is behind and does not move is begun anew."""

import pytest

from qa_service.live_board.counting_worker import STILL_SECONDS, StandingStill, StandsStillError


def test_one_that_moves_or_is_level_goes_on() -> None:
    still = StandingStill()
    for step in range(10):
        still.look(3, step, step * STILL_SECONDS)
    for step in range(10, 20):
        still.look(0, 9, step * STILL_SECONDS)


def test_one_that_stands_still_is_noticed() -> None:
    still = StandingStill()
    still.look(3, 7, 100.0)
    still.look(3, 7, 99.9 + STILL_SECONDS)
    with pytest.raises(StandsStillError):
        still.look(3, 7, 100.0 + STILL_SECONDS)
