"""What becomes of a call when the connection that it goes over breaks."""

from datetime import UTC, datetime

import httpx
import pytest

from epep_runtime.keep_alive import KEEP_ALIVE_SECONDS
from web_portal.main import CALLS
from web_portal.problems import UnavailableError
from web_portal.services import Services

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Breaking:
    """A service whose connection breaks so many times, then answers."""

    def __init__(self, times: int, error: type[httpx.TransportError] = httpx.ReadError) -> None:
        self.left, self.error, self.asked = times, error, 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.left:
            self.left -= 1
            raise self.error("broken", request=request)
        return httpx.Response(200, json={})

    def services(self) -> Services:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return Services(http, {"pep": "http://pep"}, lambda: NOW)


@pytest.mark.parametrize(
    "error",
    [httpx.ReadError, httpx.ConnectError, httpx.RemoteProtocolError],
    ids=lambda e: e.__name__,
)
async def test_a_read_is_sent_once_more_when_its_connection_breaks(
    error: type[httpx.TransportError],
) -> None:
    service = Breaking(1, error)
    assert (await service.services().send("pep", "GET", "/home")).status_code == 200
    assert service.asked == 2


async def test_a_service_that_is_away_is_asked_no_more_than_twice() -> None:
    service = Breaking(9)
    with pytest.raises(UnavailableError):
        await service.services().send("pep", "GET", "/home")
    assert service.asked == 2


async def test_a_change_is_never_sent_twice_for_it_may_have_been_made() -> None:
    service = Breaking(1)
    with pytest.raises(UnavailableError):
        await service.services().send("pep", "POST", "/peps")
    assert service.asked == 1


async def test_a_service_that_does_not_answer_in_time_is_not_asked_to_do_it_again() -> None:
    service = Breaking(1, httpx.ReadTimeout)
    with pytest.raises(UnavailableError):
        await service.services().send("pep", "GET", "/home")
    assert service.asked == 1


def test_an_idle_connection_is_given_up_long_before_the_service_closes_it() -> None:
    """Where both do so at the same moment, the next request is lost on its way."""
    assert CALLS.keepalive_expiry is not None
    assert CALLS.keepalive_expiry <= KEEP_ALIVE_SECONDS / 2
