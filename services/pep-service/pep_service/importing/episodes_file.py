"""`episodes.csv`: each child's episodes of care, and how they follow each other."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from epep_events.pep import Placement
from epep_runtime.language import _
from pep_service.children.facts import EpisodeFacts
from pep_service.importing.cells import Cells
from pep_service.importing.csv_files import EPISODES, Row
from pep_service.importing.header_file import HeaderRow
from pep_service.importing.problems import Report

NO_PROVIDER = frozenset({"T0", "T1", "T2", "T3", "T4", "Z1"})
NO_URN = re.compile(r"^X{6,7}$")
URN = re.compile(r"^(SC|EY)?[0-9]{6,7}$")


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """One usable row, with its cells to point at."""

    cells: Cells
    facts: EpisodeFacts


def read_episodes(
    rows: Sequence[Row], header: Mapping[str, HeaderRow], today: date, report: Report
) -> Mapping[str, list[EpisodeRow]]:
    """Return each child's episodes in order of their start; errors refuse their child."""
    found: dict[str, list[EpisodeRow]] = {}
    for row in rows:
        cells = Cells(EPISODES, row, report)
        child = cells.child()
        if child is None:
            continue
        if child not in header:
            cells.error("CHILD", _("There is no such child in header.csv."))
        core = header[child].core if child in header else None
        facts = _episode(cells, core.date_of_birth if core else None, today)
        if facts is not None:
            found.setdefault(child, []).append(EpisodeRow(cells, facts))
    for episodes in found.values():
        episodes.sort(key=lambda each: each.facts.started_on)
        _check_sequence(episodes)
    return found


def _episode(cells: Cells, born: date | None, today: date) -> EpisodeFacts | None:
    started = cells.day("DECOM", today, needed=True)
    if started is not None and born is not None and started < born:
        cells.error("DECOM", _("The episode starts before the child was born."))
    reason, legal_status, need = cells.code("RNE"), cells.code("LS"), cells.code("CIN")
    placement = _placement(cells)
    ended, end_reason, change_reason = _end(cells, started, today)
    usable = started and reason and legal_status and need and placement
    if not usable or cells.refused:
        return None
    assert started is not None
    return EpisodeFacts(
        started_on=started,
        reason=reason or "",
        legal_status=legal_status or "",
        category_of_need=need or "",
        placement=placement or Placement(place="", provider=""),
        ended_on=ended,
        end_reason=end_reason,
        placement_change_reason=change_reason,
    )


def _placement(cells: Cells) -> Placement | None:
    place = cells.code("PLACE")
    provider = cells.code("PLACE_PROVIDER", needed=place is not None and place not in NO_PROVIDER)
    urn = cells.text("URN", 20)
    if urn is not None and NO_URN.match(urn):
        urn = None
    if urn is not None and not URN.match(urn):
        cells.warn("URN", _("This does not look like Ofsted’s number of a home or provider."))
    home, postcode = cells.postcode("HOME_POST"), cells.postcode("PL_POST")
    if place is None:
        return None
    return Placement(
        place=place, provider=provider or "", postcode=postcode, home_postcode=home, urn=urn
    )


def _end(
    cells: Cells, started: date | None, today: date
) -> tuple[date | None, str | None, str | None]:
    ended = cells.day("DEC", today)
    reason = cells.code("REC", needed=False)
    change_reason = cells.code("REASON_PLACE_CHANGE", needed=False)
    given = cells.row.cells
    if started is not None and ended is not None and ended < started:
        cells.error("DEC", _("The episode ends before it starts."))
    if given["DEC"] and not given["REC"]:
        cells.error("REC", _("The episode has ended; give the reason."))
    if given["REC"] and not given["DEC"]:
        cells.error("DEC", _("There is a reason for the end of the episode, but no date."))
    if not given["DEC"] and change_reason is not None:
        cells.warn(
            "REASON_PLACE_CHANGE", _("The episode has not ended, so this is left out until it has.")
        )
        change_reason = None
    return ended, reason, change_reason


def _check_sequence(episodes: Sequence[EpisodeRow]) -> None:
    for earlier, later in pairwise(episodes):
        before, after = earlier.facts, later.facts
        line = earlier.cells.row.line
        if before.started_on == after.started_on:
            later.cells.error(
                "DECOM", _("The episode on line %(line)s starts on the same day.", line=line)
            )
        elif before.ended_on is None and after.ended_on is None:
            later.cells.error(
                "DEC", _("The episode on line %(line)s is open, too: one must end.", line=line)
            )
        elif before.ended_on is None or before.ended_on > after.started_on:
            later.cells.error(
                "DECOM", _("This episode overlaps the one on line %(line)s.", line=line)
            )
        elif before.end_reason == "X1" and before.ended_on != after.started_on:
            earlier.cells.warn("REC", _("X1 says that another episode follows on the same day."))
    if episodes and episodes[-1].facts.end_reason == "X1":
        episodes[-1].cells.warn("REC", _("X1 says that another episode follows; there is none."))
