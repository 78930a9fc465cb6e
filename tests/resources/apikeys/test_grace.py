"""A grace that survives any number of cancellations."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from aiomatatika.resources.apikeys import grace
from aiomatatika.resources.apikeys.grace import finish_in_grace

GRACE = 5.0


@pytest.fixture
async def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of the loop, which stands still; to be changed in place."""
    loop = asyncio.get_running_loop()
    now = [loop.time()]
    monkeypatch.setattr(loop, "time", lambda: now[0])
    return now


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def stubborn(end: asyncio.Event) -> None:
    while not end.is_set():
        try:
            await end.wait()
        except asyncio.CancelledError:
            continue


Work = Callable[[asyncio.Event], Awaitable[object]]


class Waiting:
    """A caller that waits for a task in grace."""

    def __init__(self, work: Work) -> None:
        self.end = asyncio.Event()
        self.task: asyncio.Task[object] = asyncio.ensure_future(work(self.end))
        self.caller = asyncio.create_task(finish_in_grace(self.task, GRACE))


async def test_without_a_cancellation_the_task_ends_as_it_likes(at: list[float]) -> None:
    waiting = Waiting(asyncio.Event.wait)
    await turns(3)
    at[0] += 1000
    await turns(3)
    waiting.end.set()
    assert await waiting.caller is None
    assert waiting.task.result() is True


async def test_a_task_that_has_ended_is_not_waited_for() -> None:
    task = asyncio.create_task(turns(0))
    await task
    assert await finish_in_grace(task, GRACE) is None


@pytest.mark.parametrize("times", [1, 2, 50])
async def test_however_often_the_caller_is_cancelled_the_task_ends_within_the_grace(
    at: list[float], times: int
) -> None:
    waiting = Waiting(asyncio.Event.wait)
    await turns(2)
    for _ in range(times):
        waiting.caller.cancel("first" if not waiting.caller.cancelling() else "again")
        await turns(2)
    at[0] += GRACE - 0.01
    await turns(3)
    assert not waiting.task.done()
    waiting.end.set()
    cancelled = await waiting.caller
    assert cancelled is not None
    assert cancelled.args == ("first",)
    assert waiting.task.result() is True
    assert waiting.caller.cancelling() == times


@pytest.mark.parametrize("times", [1, 50])
async def test_after_the_grace_the_task_is_cancelled(at: list[float], times: int) -> None:
    waiting = Waiting(asyncio.Event.wait)
    await turns(2)
    for _ in range(times):
        waiting.caller.cancel()
        await turns(2)
    at[0] += GRACE + 0.01
    assert await waiting.caller is not None
    assert waiting.task.cancelled()


async def test_a_task_that_resists_is_left_to_itself(at: list[float]) -> None:
    waiting = Waiting(stubborn)
    await turns(2)
    waiting.caller.cancel()
    await turns(2)
    at[0] += GRACE + 0.01
    await turns(5)
    assert not waiting.caller.done(), "it may unwind"
    at[0] += grace._UNWIND_TIMEOUT
    assert await waiting.caller is not None
    assert not waiting.task.done()
    waiting.end.set()
    await waiting.task


async def test_a_cancellation_at_the_moment_of_the_end_is_not_lost() -> None:
    waiting = Waiting(asyncio.Event.wait)
    await turns(2)
    waiting.end.set()
    await turns(1)
    waiting.caller.cancel()
    assert isinstance(await waiting.caller, asyncio.CancelledError)
    assert waiting.task.result() is True
