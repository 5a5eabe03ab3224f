"""Carries out the planned blows, and starts again whatever has ended, as any platform does."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from plan import Blow
from town import SERVICE_NAMES, Town

LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 20.0
"""A blow waits so long for its victim to be there again."""
BACK_OFF_SECONDS = 0.5


@dataclass
class Storm:
    """What was killed, what ended without being killed, and when each is to be started again."""

    town: Town
    say: Callable[[str], None]
    kills: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    ended_alone: Counter[str] = field(default_factory=Counter)
    last_words: dict[str, str] = field(default_factory=dict)
    never_back: list[str] = field(default_factory=list)
    _start_at: dict[str, float] = field(default_factory=dict)

    def rage(self, planned: Sequence[Blow], stretch: float = 1.0) -> None:
        """Carry out every blow at its time; with `stretch`, all of it so many times slower."""
        begun = time.monotonic()
        for number, blow in enumerate(planned, 1):
            while time.monotonic() < begun + blow.at * stretch:
                self._tend()
                time.sleep(LOOK_SECONDS)
            self._strike(blow, stretch)
            if number % 20 == 0:
                passed = time.monotonic() - begun
                self.say(f"  {passed:4.0f} s: {sum(self.kills.values())} kills")

    def _strike(self, blow: Blow, stretch: float) -> None:
        part, deadline = self.town.parts[blow.victim], time.monotonic() + PATIENCE_SECONDS * stretch
        while not part.alive() and time.monotonic() < deadline:
            self._tend()
            time.sleep(LOOK_SECONDS)
        if part.kill():
            self.kills[blow.victim] += 1
            self._start_at[blow.victim] = time.monotonic() + blow.away * stretch
        else:
            self.missed[blow.victim] += 1

    def seconds_to_start(self, name: str) -> float:
        """Kill a service, start it again, and return how long it takes until it answers."""
        part, begun = self.town.parts[name], time.monotonic()
        part.kill()
        part.start()
        while not self.town.system.health(name)[1]:
            time.sleep(LOOK_SECONDS)
        return time.monotonic() - begun

    def _tend(self) -> None:
        """Start what is due again; note what has ended by itself."""
        now = time.monotonic()
        for name in ("database", "broker", *SERVICE_NAMES):
            part = self.town.parts[name]
            if part.alive():
                continue
            if name not in self._start_at:
                self.ended_alone[name] += 1
                assert part.running is not None
                self.last_words[name] = part.running.last_words(1)[:300]
                self._start_at[name] = now + BACK_OFF_SECONDS
            if self._start_at[name] <= now:
                del self._start_at[name]
                part.start()

    def calm(self, patience: float) -> None:
        """Bring everything up again; `never_back` says what was not ready in so many seconds."""
        deadline = time.monotonic() + patience
        while left := self._not_ready():
            if time.monotonic() > deadline:
                self.never_back = left
                return
            self._tend()
            time.sleep(LOOK_SECONDS)

    def _not_ready(self) -> list[str]:
        """Say what is not up yet, and why."""
        servers = [name for name in ("database", "broker") if not self.town.parts[name].alive()]
        return servers or [
            f"{name} says {said or 'nothing'}"
            for name in SERVICE_NAMES
            for ready, said in [self.town.system.health(name)]
            if not ready or not self.town.parts[name].alive()
        ]
