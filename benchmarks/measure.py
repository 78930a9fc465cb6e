"""Measuring several things side by side: A B C A B C …, so that a slow minute of the machine hits all of them."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from math import isnan

__all__ = ["Figures", "Ratio", "interleaved", "pin", "ratio", "summary"]


@dataclass(frozen=True)
class Figures:
    """Median and range."""

    median: float
    least: float
    most: float

    @property
    def spread(self) -> str:
        """The range in microseconds, of seconds."""
        return f"{self.least * 1e6:,.0f} to {self.most * 1e6:,.0f}"


Ratio = Figures


def summary(values: Iterable[float]) -> Figures:
    """Return median and range of some values; ``nan`` does not count."""
    measured = [value for value in values if not isnan(value)]
    return Figures(statistics.median(measured), min(measured), max(measured))


def ratio(ours: Iterable[float], theirs: Iterable[float]) -> Ratio:
    """Return the ratios pair by pair: each round's own, so that what slows a whole round does not show.

    A round in which one of them was left out is ``nan`` there, and does not count.
    """
    return summary([mine / other for mine, other in zip(ours, theirs, strict=True)])


async def interleaved(
    batches: Mapping[str, Callable[[], Awaitable[object]]], calls: int, rounds: int
) -> dict[str, list[float]]:
    """Run each batch once for warmth, then all of them in turn, round after round, in this process.

    Args:
        batches: What to run, by name.
        calls: How many calls a batch makes.
        rounds: How often.

    Returns:
        Seconds for a call, of each round.
    """
    for batch in batches.values():
        await batch()
    seconds: dict[str, list[float]] = {name: [] for name in batches}
    for _ in range(rounds):
        for name, batch in batches.items():
            gc.collect()
            began = time.perf_counter()
            await batch()
            seconds[name].append((time.perf_counter() - began) / calls)
    return seconds


def pin(server: int) -> str:
    """Keep this process on the first CPU and the server on the others, where the machine allows that.

    Args:
        server: The server's process id.

    Returns:
        What was done, in words.
    """
    if not hasattr(os, "sched_setaffinity"):
        return "client and server not pinned: the system has no call for it"
    first, *others = sorted(os.sched_getaffinity(0))
    if not others:
        return "client and server share one CPU"
    try:
        os.sched_setaffinity(server, others)
        os.sched_setaffinity(0, [first])
    except OSError:
        return "client and server not pinned: not allowed"
    return f"client on CPU {first}, server on {', '.join(map(str, others))}"
