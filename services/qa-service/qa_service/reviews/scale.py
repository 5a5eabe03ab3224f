"""The authority's scale of quality: what its levels ask for, and what the scores suggest."""

from collections.abc import Iterable

from epep_events.profile import QAArea, QualityAssurance, RatingLevel


def level_of(qa: QualityAssurance, key: str | None) -> RatingLevel | None:
    """Return the level with that key, or None."""
    return next((level for level in qa.scale if level.key == key), None)


def area_of(qa: QualityAssurance, key: str) -> QAArea | None:
    """Return the area with that key, or None."""
    return next((area for area in qa.areas if area.key == key), None)


def needs_comment(qa: QualityAssurance, key: str) -> bool:
    """Tell whether an overall rating must be explained (domain 4.9: "below Good").

    That is every level that returns the PEP and every level that isn't in the upper half of the
    scale, whose first level is the best: Requires Improvement and Inadequate of four, Amber and
    Red of three.
    """
    for place, level in enumerate(qa.scale, start=1):
        if level.key == key:
            return level.returns or place * 2 > len(qa.scale)
    return False


def suggested_rating(qa: QualityAssurance, levels: Iterable[str]) -> str | None:
    """Return the lowest level that two or more areas reach or fall below; None for fewer than two.

    Only a suggestion (domain 4.9): the virtual school chooses the rating (S95).
    """
    order = [level.key for level in qa.scale]
    places = sorted((order.index(level) for level in levels if level in order), reverse=True)
    return order[places[1]] if len(places) > 1 else None
