"""What is made of the numbers: medians, percentiles, ratios of rounds. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile: the least value that `percent` of them do not exceed.

    Raises ValueError for no values, or a percentage outside 0 < percent <= 100.
    """
    if not values or not 0 < percent <= 100:
        raise ValueError("a percentile needs values and a percentage above 0, at most 100")
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


@dataclass(frozen=True, slots=True)
class Rounds:
    """What was measured in turn: `ours[i]` and `bare[i]` in the same round, in the same unit.

    Raises ValueError when there are not as many of one as of the other, or none.
    """

    ours: tuple[float, ...]
    bare: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.ours) != len(self.bare) or not self.ours:
            raise ValueError("each round has one value of ours and one of the bare thing")

    @property
    def ratios(self) -> tuple[float, ...]:
        """Return ours to the bare thing's, round by round."""
        return tuple(ours / bare for ours, bare in zip(self.ours, self.bare, strict=True))

    @property
    def ratio(self) -> float:
        """Return the median of the ratios, which a slow minute of the machine hardly moves."""
        return median(self.ratios)

    @property
    def spread(self) -> str:
        """Return the least and the greatest ratio."""
        return f"{min(self.ratios):.2f} to {max(self.ratios):.2f}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the table. `met` is whether the bar is; `notes` are sentences below the table."""

    key: str
    measure: str
    value: str
    baseline: str
    ratio: str
    bar: str
    met: bool
    spread: str
    notes: tuple[str, ...] = ()


def at_least(rounds: Rounds, bar: float) -> bool:
    """Tell whether the median ratio reaches the bar."""
    return rounds.ratio >= bar


def at_most(rounds: Rounds, bar: float) -> bool:
    """Tell whether the median ratio keeps below the bar."""
    return rounds.ratio <= bar


def share_within(values: Sequence[float], limit: float) -> float:
    """Return which part of the values, from 0 to 1, is at most `limit`. Raises ValueError."""
    if not values:
        raise ValueError("there are no values")
    return sum(value <= limit for value in values) / len(values)
