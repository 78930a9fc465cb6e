"""Cancellation at every suspension of a coroutine, one after another.

A coroutine is made and run again and again: the first time it is interrupted where it waits for the first time, then
where it waits for the second time, and so on, until it ends before the interruption comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

S = TypeVar("S")

MOST_SUSPENSIONS = 300


def cancel() -> None:
    """Cancel the running task: it takes note, and cancels what its coroutine is just about to wait for."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


class Interrupted:
    """Awaits a coroutine, and does something at one of its suspensions.

    Args:
        coroutine: What to await.
        at: Which suspension, from 1.
        how: What to do there.

    Attributes:
        reached: Whether the coroutine came so far.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, object], at: int, how: Callable[[], object]) -> None:
        self._coroutine = coroutine
        self._left = at
        self._how = how
        self.reached = False

    def __await__(self) -> Generator[Any, Any, object]:
        thrown: BaseException | None = None
        while True:
            try:
                waits_for = self._coroutine.throw(thrown) if thrown else self._coroutine.send(None)
            except StopIteration as end:
                return end.value
            thrown = None
            self._left -= 1
            if self._left == 0:
                self.reached = True
                self._how()
            try:
                yield waits_for
            except BaseException as error:
                thrown = error


@dataclass
class Ending:
    """How a run ended.

    Attributes:
        at: The suspension at which it was interrupted.
        error: What it raised, if anything.
        result: What it returned otherwise.
    """

    at: int
    error: BaseException | None = None
    result: object = None


async def run_interrupted(
    coroutine: Coroutine[Any, Any, object], at: int, how: Callable[[], object] = cancel
) -> Ending | None:
    """Run a coroutine in a task of its own; None: it ended, and well, before the interruption came."""
    interrupted, ending = Interrupted(coroutine, at, how), Ending(at)

    async def run() -> None:
        try:
            ending.result = await interrupted
        except BaseException as error:
            ending.error = error
            raise

    task = asyncio.get_running_loop().create_task(run())
    await asyncio.wait({task})
    if not interrupted.reached:
        task.result()
        return None
    if not task.cancelled():
        task.exception()  # now it is retrieved
    assert task.cancelling() == (how is cancel), "a cancellation was taken back"
    return ending


async def interrupted_everywhere(
    place: Callable[[], AbstractAsyncContextManager[S]],
    call: Callable[[S], Awaitable[object]],
    how: Callable[[S], Callable[[], object]] = lambda _: cancel,
) -> AsyncIterator[tuple[S, Ending]]:
    """Yield a new place to make the call in, and how it ended there, for each suspension of the call.

    Args:
        place: Makes what the call needs, a session; it is left before the next.
        call: The call.
        how: Tells what to do at the suspension; by default the call is cancelled.
    """

    async def called(there: S) -> object:
        return await call(there)

    for at in range(1, MOST_SUSPENSIONS):
        async with place() as there:
            ending = await run_interrupted(called(there), at, how(there))
            if ending is None:
                return
            yield there, ending
    raise AssertionError(f"it still waits after {MOST_SUSPENSIONS} suspensions")
