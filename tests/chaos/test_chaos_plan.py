from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from plan import LEAST_LIFE, WEIGHTS, blows
from test_chaos import SECONDS, SEED


@pytest.mark.parametrize("seed", range(20))
def test_ten_minutes_have_at_least_two_hundred_kills_of_everything(seed: int) -> None:
    planned = blows(seed, 600)
    assert len(planned) >= 200
    assert {blow.victim for blow in planned} == set(WEIGHTS)
    assert all(0 <= before.at <= after.at < 600 for before, after in pairwise(planned))


def test_the_same_seed_makes_the_same_choices_and_another_makes_others() -> None:
    assert blows(7, 100) == blows(7, 100)
    assert blows(7, 100) != blows(8, 100)


@pytest.mark.parametrize("seed", range(20))
def test_nobody_is_killed_who_is_away(seed: int) -> None:
    back_at = dict.fromkeys(WEIGHTS, 0.0)
    for blow in blows(seed, 600):
        assert blow.at >= back_at[blow.victim] - 0.02
        back_at[blow.victim] = blow.at + blow.away + LEAST_LIFE


def test_several_are_away_at_once() -> None:
    planned = blows(3, 600)
    assert any(
        after.at < before.at + before.away and after.victim != before.victim
        for before, after in pairwise(planned)
    )


def test_services_are_killed_most_and_servers_often_enough() -> None:
    counted: Counter[str] = Counter()
    for seed in range(20):
        counted.update(blow.victim for blow in blows(seed, 600))
    share = {name: count / counted.total() for name, count in counted.items()}
    assert 0.8 <= 1 - share["database"] - share["broker"] <= 0.9
    assert share["broker"] >= 0.04


def test_the_short_storm_has_a_dozen_kills_of_services_broker_and_database() -> None:
    planned = blows(SEED, SECONDS)
    assert len(planned) >= 12
    assert {"database", "broker", "pep", "notification"} <= {blow.victim for blow in planned}
