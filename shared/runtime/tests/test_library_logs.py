from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from epep_runtime.library_logs import QUIET_SECONDS, Seldom, hear_libraries


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    logger = logging.getLogger()
    handlers, level = list(logger.handlers), logger.level
    yield logger
    logger.handlers, logger.level = handlers, level


def said(seldom: Seldom, name: str, message: str, *about: object) -> str | None:
    record = logging.LogRecord(name, logging.ERROR, "", 0, message, about, None)
    return record.getMessage() if seldom.filter(record) else None


def test_a_flood_of_one_message_is_a_line_now_and_then_that_counts_it() -> None:
    now = 0.0
    seldom = Seldom(lambda: now)
    found = []
    for tenth in range(1001):
        now = tenth / 10
        found.append(said(seldom, "aiokafka", "Unable connect to node with id %s", tenth))
    lines = [line for line in found if line]
    assert len(lines) == 100 / QUIET_SECONDS + 1
    assert lines[0] == "Unable connect to node with id 0"
    assert lines[1] == "Unable connect to node with id 100 (and 99 times more)"


def test_one_flood_holds_no_other_message_back() -> None:
    seldom = Seldom(lambda: 0.0)
    assert said(seldom, "aiokafka", "cannot connect")
    assert not said(seldom, "aiokafka", "cannot connect")
    assert said(seldom, "aiokafka", "something else")
    assert said(seldom, "asyncio", "cannot connect")


def test_a_librarys_line_says_its_name_and_level_and_kafkas_small_talk_is_left_out(
    root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    hear_libraries("INFO")
    logging.getLogger("aiokafka.client").warning("not heard")
    try:
        raise ValueError("inside")
    except ValueError:
        logging.getLogger("asyncio").exception("a task failed: %s", "why")
    [line] = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["logger"], told["level"]) == ("asyncio", "error")
    assert told["event"] == "a task failed: why"
    assert told["exception"][0]["exc_type"] == "ValueError"
