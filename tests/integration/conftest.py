"""Whole authorities at work on six services that run as separate processes."""

from collections.abc import Iterator

import pytest
from authority import Authority, found_authority
from browsing import Office, chromium_running
from watching import Watch, problems_of

from epep_local.mailbox import Mailbox
from epep_local.system import System


@pytest.fixture(scope="session")
def birmingham(system: System, mailbox: Mailbox) -> Authority:
    return found_authority(system, mailbox, "330")


@pytest.fixture(scope="session")
def northvale(system: System, mailbox: Mailbox) -> Authority:
    return found_authority(system, mailbox, "998")


@pytest.fixture(scope="module")
def office(system: System) -> Iterator[Office]:
    """Chromium, with a window for each person, whose pages are all looked at."""
    with chromium_running() as browser:
        yield Office(browser, system.url("portal"), Watch())


@pytest.fixture
def nothing_wrong(office: Office) -> Iterator[None]:
    """Every page that a test comes across is as it should be."""
    before = len(office.watch.problems)
    yield
    assert not problems_of(office.watch, before), problems_of(office.watch, before)
