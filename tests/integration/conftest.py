"""Whole authorities at work on six services that run as separate processes."""

from collections.abc import Iterator

import pytest
from authority import Authority, found_authority
from traces import Traces, collecting

from epep_local.mailbox import Mailbox
from epep_local.system import System


@pytest.fixture(scope="session")
def traces() -> Iterator[Traces]:
    """What the services' spans say; `system` starts them after it."""
    with collecting() as collected:
        yield collected


@pytest.fixture(scope="session")
def system(traces: Traces, system: System) -> System:
    """The six services, each its own process, which send their spans to `traces`."""
    return system


@pytest.fixture(scope="session")
def birmingham(system: System, mailbox: Mailbox) -> Authority:
    return found_authority(system, mailbox, "330")


@pytest.fixture(scope="session")
def northvale(system: System, mailbox: Mailbox) -> Authority:
    return found_authority(system, mailbox, "998")
