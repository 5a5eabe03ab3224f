"""The arithmetic of `make bench`, without any server."""

import pytest

from epep_bench.arithmetic import Outcome, Rounds, at_least, at_most, percentile, share_within
from epep_bench.report import Machine, Measured, page


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(each) for each in range(100, 0, -1)]
    assert percentile(values, 95) == 95
    assert percentile(values, 100) == 100
    assert percentile([7.0], 95) == 7
    assert percentile([1.0, 2.0], 50) == 1


@pytest.mark.parametrize(("values", "percent"), [([], 95), ([1.0], 0), ([1.0], 101)])
def test_a_percentile_of_nothing_is_refused(values: list[float], percent: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile(values, percent)


def test_one_slow_round_does_not_move_the_ratio() -> None:
    rounds = Rounds((80, 90, 10, 80, 85), (100, 100, 100, 100, 100))
    assert rounds.ratio == 0.8
    assert rounds.spread == "0.10 to 0.90"
    assert at_least(rounds, 0.8)
    assert not at_least(rounds, 0.81)
    assert at_most(rounds, 0.8)


def test_rounds_come_in_pairs() -> None:
    with pytest.raises(ValueError, match="round"):
        Rounds((1.0, 2.0), (1.0,))
    with pytest.raises(ValueError, match="round"):
        Rounds((), ())


def test_the_share_within_a_limit() -> None:
    assert share_within([0.1, 0.2, 2.0, 2.1], 2.0) == 0.75
    with pytest.raises(ValueError, match="no values"):
        share_within([], 1.0)


def test_the_page_says_what_is_not_met() -> None:
    outcome = Outcome(
        "P1", "appends", "79/s", "100/s", "0.79", "at least 0.8", False, "0.7 to 0.8", ("Why.",)
    )
    measured = Measured(outcome, "abc", "make bench", "today")
    text = page([measured], Machine("2 cores", "Linux", "3.11", "18", "4.3"))
    assert "| P1 | appends | 79/s | 100/s | 0.79 | at least 0.8 | **no** | 0.7 to 0.8 |" in text
    assert "**P1.** Why." in text
    assert "- P1: commit `abc`, `make bench`, today" in text
