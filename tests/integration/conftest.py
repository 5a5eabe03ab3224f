"""Whole authorities at work on six services that run as separate processes."""

import pytest
from authority import Authority, found_authority

from epep_local.mailbox import Mailbox
from epep_local.system import System


@pytest.fixture(scope="session")
def birmingham(system: System, mailbox: Mailbox) -> Authority:
    return found_authority(system, mailbox, "330")


@pytest.fixture(scope="session")
def northvale(system: System, mailbox: Mailbox) -> Authority:
    return found_authority(system, mailbox, "998")
