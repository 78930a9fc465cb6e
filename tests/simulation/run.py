"""One seed, run and judged; and the shortest run that still fails."""

from __future__ import annotations

import asyncio
import gc
import logging
import traceback
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from .ledger import Ledger
from .life import Life
from .loop import DeadlockError, VirtualLoop
from .private_parts import patched

__all__ = ["Run", "shortest", "simulate"]


@dataclass(frozen=True)
class Run:
    """What became of a seed.

    Attributes:
        parts: The labels of what took part.
        digest: The same for two runs in which the same happened at the same times, segment by segment.
    """

    seed: int
    without: tuple[str, ...]
    violations: tuple[str, ...]
    parts: tuple[str, ...]
    seconds: float
    digest: str
    trace: tuple[str, ...]

    @property
    def kinds(self) -> set[str]:
        return {each.partition(":")[0] for each in self.violations}


def simulate(seed: int, without: Collection[str] = (), *, keeps_segments: bool = False) -> Run:
    """Run a seed, without the parts of these labels."""
    gc.disable()  # finalizers run when the seed has ended, and not in the middle of a step,
    gc.freeze()  # and only those of the seed
    try:
        return _simulate(VirtualLoop(seed, keeps_segments=keeps_segments), without)
    finally:
        gc.collect()
        gc.unfreeze()
        gc.enable()


def _simulate(loop: VirtualLoop, without: Collection[str]) -> Run:
    ledger = Ledger(loop)
    loop.set_exception_handler(lambda _, context: ledger.violation("unhandled", _described(context)))
    with patched(loop, loop.seed), _heard_by(ledger):
        life = Life(loop, ledger, without)
        parts = life.parts
        _live(loop, ledger, life)
        del life
        gc.collect()
        loop.close()
    return Run(
        seed=loop.seed,
        without=tuple(without),
        violations=tuple(ledger.violations),
        parts=tuple(parts),
        seconds=loop.elapsed,
        digest=loop.digest,
        trace=tuple(loop.trace),
    )


@contextmanager
def _heard_by(ledger: Ledger) -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("aiomatatika", "aiohttp", "asyncio")]
    before = [(each, each.level, each.propagate) for each in loggers]
    for logger in loggers:
        logger.addHandler(ledger)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    try:
        yield
    finally:
        for logger, level, propagate in before:
            logger.removeHandler(ledger)
            logger.setLevel(level)
            logger.propagate = propagate


def _live(loop: VirtualLoop, ledger: Ledger, life: Life) -> None:
    try:
        loop.run_until_complete(life.run())
    except DeadlockError as error:
        ledger.violation("deadlock", str(error))
    except Exception as error:
        ledger.violation("error", _described({"exception": error}))
    for task in asyncio.all_tasks(loop):
        ledger.violation("left", f"task {task.get_coro()!r}".partition(" at 0x")[0])
        task.cancel()
    for way in loop.transports:
        ledger.violation("left", f"connection {way} at the end")
    with suppress(DeadlockError):
        loop.run_until_complete(asyncio.sleep(0.1))


def _described(context: dict[str, Any]) -> str:
    """Say where an exception came from, without addresses, which differ from process to process."""
    error = context.get("exception")
    frames = traceback.extract_tb(error.__traceback__)[-3:] if error is not None else []
    where = " < ".join(f"{each.filename.rpartition('/')[2]}:{each.lineno}" for each in reversed(frames))
    return f"{context.get('message', '')} {error!r} {where}".strip()


def shortest(run: Run, kind: str) -> Run:
    """Leave out what a kind of failure does not need: half of what takes part, a quarter, down to single parts."""
    size = len(run.parts)
    while True:
        size, before, start = max(1, size // 2), run, 0
        while start < len(run.parts):
            shorter = simulate(run.seed, (*run.without, *run.parts[start : start + size]))
            if kind in shorter.kinds:
                run = shorter
            else:
                start += size
        if size == 1 and run is before:
            return run
