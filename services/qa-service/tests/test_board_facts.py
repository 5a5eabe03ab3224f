"""Facts on the board converge: whatever order events come in, and how often, one value results."""

import random
from functools import reduce
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_service.live_board.facts import TELLING, Facts, Said, Value, fact, join, merge

GOLDEN = Path(__file__).parents[3] / "shared/events/tests/golden"
FILES = sorted(path for name in TELLING for path in GOLDEN.glob(f"{name}.v*.json"))
AT = "2026-11-20T10:00:00+00:00"

Told = tuple[int, Facts]
STREAMS = st.lists(
    st.dictionaries(st.sampled_from(["due", "stage", "held"]), st.integers(0, 9), min_size=1),
    min_size=1,
    max_size=8,
).map(lambda facts: list(enumerate(facts, start=1)))


def fold(told: list[Told]) -> Value:
    return reduce(lambda value, each: merge(value, each[1], each[0]), told, {})


def test_the_newest_version_of_each_fact_is_right() -> None:
    value = fold([(1, {"due": "2026-12-01"}), (4, {"stage": "submitted"}), (3, {"stage": "x"})])
    assert value == {"due": [1, "2026-12-01"], "stage": [4, "submitted"]}
    assert (fact(value, "stage"), fact(value, "held")) == ("submitted", None)


def test_what_is_known_better_already_changes_nothing_at_all() -> None:
    value = fold([(5, {"stage": "returned"})])
    assert merge(value, {"stage": "submitted"}, 4) is value
    assert merge(value, {"stage": "returned"}, 5) is value
    assert join(value, {"stage": [2, "submitted"]}) is value


@given(STREAMS, st.randoms(use_true_random=False), st.integers(0, 20))
def test_order_and_repetition_do_not_matter(
    told: list[Told], chance: random.Random, again: int
) -> None:
    delivered = told + chance.choices(told, k=again)
    chance.shuffle(delivered)
    assert fold(delivered) == fold(told)


@given(STREAMS, st.data())
def test_a_value_that_missed_an_event_is_whole_once_the_stream_is_read_again(
    told: list[Told], data: st.DataObject
) -> None:
    missed = data.draw(st.sampled_from(told))
    wrong = fold([each for each in told if each is not missed])
    assert reduce(lambda value, each: merge(value, each[1], each[0]), told, wrong) == fold(told)


@given(STREAMS, st.integers(0, 8), st.integers(0, 8))
def test_a_late_record_of_a_worker_takes_nothing_back(told: list[Told], one: int, two: int) -> None:
    early, late = fold(told[:one]), fold(told[:two])
    assert join(early, late) == join(late, early) == fold(told[: max(one, two)])


def test_every_event_that_counts_has_a_golden_file() -> None:
    assert {path.name.split(".")[0] for path in FILES} == set(TELLING)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_published_version_is_read_without_its_personal_fields(path: Path) -> None:
    name = path.name.split(".")[0]
    document: dict[str, Any] = orjson.loads(path.read_bytes())
    data = document["example"]
    told = TELLING[name](Said(data, "330", AT))
    assert told
    fields = document["schema"]["properties"]
    personal = {key for key, field in fields.items() if "x-personal-data" in field}
    sealed = {key: "[sealed]" if key in personal else value for key, value in data.items()}
    assert TELLING[name](Said(sealed, "330", AT)) == told


def test_a_day_is_england_s() -> None:
    assert Said({}, "330", "2026-06-30T23:30:00+00:00").day == "2026-07-01"
