"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass, field

SHOWN = 12


@dataclass
class Finding:
    """One promise: what was looked at, what explains itself, and what breaks the promise."""

    promise: str
    looked_at: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """Whether the promise was kept."""
        return not self.violations

    def lines(self) -> list[str]:
        """The finding as lines of a report."""
        told = [f"{'kept  ' if self.kept else 'BROKEN'}  {self.promise}"]
        told += [f"          {each}" for each in self.looked_at + self.notes]
        told += [f"        ! {each}" for each in self.violations[:SHOWN]]
        if len(self.violations) > SHOWN:
            told.append(f"        ! … and {len(self.violations) - SHOWN} more")
        return told
