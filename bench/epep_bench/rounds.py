"""Measuring two things in turn, so that both see the same machine."""

import os
from collections.abc import Awaitable, Callable

from epep_bench.arithmetic import Rounds

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
Once = Callable[[], Awaitable[float]]
"""Does the work once and returns one number."""


async def in_turn(ours: Once, bare: Once, rounds: int = ROUNDS, warm: bool = True) -> Rounds:
    """Measure `rounds` rounds of both, the one that goes first changing, after one not counted."""
    if warm:
        await bare()
        await ours()
    measured: list[tuple[float, float]] = []
    for number in range(rounds):
        if number % 2:
            other = await bare()
            measured.append((await ours(), other))
        else:
            own = await ours()
            measured.append((own, await bare()))
    return Rounds(tuple(own for own, _ in measured), tuple(other for _, other in measured))
