"""Whole authorities at work on six services that run as separate processes."""

from collections.abc import Iterator

import pytest
from authority import Authority, found_authority, with_another_child
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


@pytest.fixture
def birmingham_again(birmingham: Authority) -> Authority:
    """A child of its own for a test, with the same people around: they cost seconds to make."""
    return with_another_child(birmingham)


@pytest.fixture
def northvale_again(northvale: Authority) -> Authority:
    """A child of its own for a test, with the same people around."""
    return with_another_child(northvale)


@pytest.fixture(scope="session")
def watch() -> Watch:
    """Looks closely at each page and state once in a run, whichever test comes to it first."""
    return Watch()


@pytest.fixture(scope="module")
def office(system: System, watch: Watch) -> Iterator[Office]:
    """Chromium, with a window for each person, whose pages are all looked at."""
    with chromium_running() as browser:
        yield Office(browser, system.url("portal"), watch)


@pytest.fixture
def nothing_wrong(office: Office) -> Iterator[None]:
    """Every page that a test comes across is as it should be."""
    before = len(office.watch.problems)
    yield
    assert not problems_of(office.watch, before), problems_of(office.watch, before)
