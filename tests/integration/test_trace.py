"""One trace leads from a click through every part that it set to work, to the mail."""

from __future__ import annotations

import pytest
from authority import Authority, next_weekday
from browsing import Office, chromium_running
from people import eventually
from steps_by_clicks import create_with_a_mistake
from watching import Watch

from epep_local.system import System
from epep_local.traces import Seen, Traces

pytestmark = [pytest.mark.system, pytest.mark.browser]

CLICK = ("web-portal", "POST /children/{child_id}/peps/new")
STEPS = {
    CLICK,
    ("pep", "POST /children/{child_id}/peps"),  # the command
    ("pep", "change_log PEPInitiated"),  # a projector
    ("meeting", "scheduling PEPInitiated"),  # a reactor
    ("notification", "meetings InvitationIssued"),
    ("notification", "mail invitation"),
}
"""The spans of the trace itself, which travels with the events."""
BATCHES = {
    ("pep", "publish"),  # a relay, on the way into Kafka
    ("pep", "change_log batch"),  # out of it
    ("meeting", "scheduling batch"),
    ("meeting", "publish"),
    ("notification", "meetings batch"),
}
"""What takes events of many traces at once, and so is linked to each."""


def test_from_the_click_to_the_mail(
    system: System, northvale_again: Authority, traces: Traces, watch: Watch
) -> None:
    northvale = northvale_again
    earlier = {each.trace for each in traces.seen()}
    with (
        chromium_running() as browser,
        Office(browser, system.url("portal"), watch).desk() as desk,
    ):
        desk.log_in(northvale.social_worker)
        desk.open(f"/children/{northvale.child_id}")
        create_with_a_mistake(desk, northvale, "Autumn term review", next_weekday(7))

    def whole() -> list[Seen]:
        spans = traces.seen()
        # Other tests' invitations are mailed meanwhile; theirs begin at the API, without a click.
        clicked = [each.trace for each in spans if (each.service, each.span.name) == CLICK]
        assert clicked
        assert clicked[-1] not in earlier
        trace = [each for each in spans if each.trace == clicked[-1]]
        assert {(each.service, each.span.name) for each in trace} >= STEPS
        return trace

    of_trace = eventually(whole)[0].trace

    def linked() -> bool:
        links = {
            (each.service, each.span.name)
            for each in traces.seen()
            for link in each.span.links
            if bytes(link.trace_id) == of_trace
        }
        assert links >= BATCHES, BATCHES - links
        return True

    eventually(linked)  # a batch ends after what is in it
