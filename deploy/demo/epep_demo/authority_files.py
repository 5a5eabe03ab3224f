"""The authority's own files: the SSDA903 header and episodes, and the names beside them."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from epep_demo.children import Child

HEADER = ("CHILD", "SEX", "DOB", "ETHNIC", "UPN", "MOTHER", "MC_DOB")
EPISODES = (
    *("CHILD", "DECOM", "RNE", "LS", "CIN", "PLACE", "PLACE_PROVIDER", "DEC", "REC"),
    *("REASON_PLACE_CHANGE", "HOME_POST", "PL_POST", "URN"),
)
PEOPLE = (
    *("CHILD", "FIRST_NAME", "LAST_NAME", "PREFERRED_NAME", "SETTING_URN"),
    *("SOCIAL_WORKER_EMAIL", "DESIGNATED_TEACHER_EMAIL"),
)
NO_UPN = "UN1"
"""SSDA903: the child is too young to have a number."""


def authority_files(children: Sequence[Child]) -> dict[str, bytes]:
    """Return `header.csv`, `episodes.csv` and `people.csv` as UTF-8 bytes."""
    return {
        "header.csv": _csv(HEADER, map(_header_row, children)),
        "episodes.csv": _csv(EPISODES, (row for child in children for row in _episodes(child))),
        "people.csv": _csv(PEOPLE, map(_people_row, children)),
    }


def write_files(children: Sequence[Child], folder: Path) -> list[Path]:
    """Write the three files into `folder` and return their paths. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in authority_files(children).items():
        path = folder / name
        path.write_bytes(content)
        paths.append(path)
    return paths


def _day(day: date | None) -> str:
    return day.strftime("%d/%m/%Y") if day else ""


def _header_row(child: Child) -> tuple[str, ...]:
    mother = ("1" if child.mothers_child_born else "0") if child.sex == "2" else ""
    return (
        child.care_id,
        child.sex,
        _day(child.born),
        child.ethnicity,
        child.upn or NO_UPN,
        mother,
        _day(child.mothers_child_born),
    )


def _episodes(child: Child) -> Iterable[tuple[str, ...]]:
    for each in child.episodes:
        yield (
            child.care_id,
            _day(each.started),
            each.reason,
            each.law,
            each.need,
            each.place,
            each.provider,
            _day(each.ended),
            each.ended_because or "",
            each.moved_because or "",
            each.home_postcode,
            each.postcode,
            each.urn,
        )


def _people_row(child: Child) -> tuple[str, ...]:
    return (
        child.care_id,
        child.first_name,
        child.last_name,
        child.preferred_name or "",
        child.setting.urn if child.setting else "",
        child.social_worker_email,
        child.designated_teacher_email or "",
    )


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue().encode()
