"""Blocks under a time limit: one timer ends them all, and other people's cancellations stay what they are."""

from __future__ import annotations

import asyncio

import pytest

from aiomatatika.transport.work import LoopWork, Work


async def ended_after(seconds: float, others: LoopWork) -> float:
    """Wait in a block for ever; return when it was ended, in seconds after its limit."""
    end = others.loop.time() + seconds
    with pytest.raises(TimeoutError), Work(others, end, None):
        await asyncio.Event().wait()
    return others.loop.time() - end


async def test_each_block_ends_at_its_limit_whatever_the_order_in_which_they_began() -> None:
    others = LoopWork(asyncio.get_running_loop())
    async with asyncio.timeout(5):
        late = await asyncio.gather(*(ended_after(seconds, others) for seconds in (0.02, 0, 0.01, -1)))
    assert min(late) >= 0
    assert not others.blocks


async def test_a_block_that_ended_in_time_is_not_ended_again() -> None:
    others = LoopWork(asyncio.get_running_loop())
    work = Work(others, others.loop.time(), None)
    with work:
        pass
    work.end_now()
    assert not work.is_ended
    await ended_after(0, others)  # the timer looked at what there was


async def test_a_cancellation_from_elsewhere_stays_one() -> None:
    others = LoopWork(asyncio.get_running_loop())
    work = Work(others, None, None)

    async def cancelled_twice() -> None:
        with work:
            work.end_now()
            work.end_now()
            await asyncio.Event().wait()

    task = asyncio.create_task(cancelled_twice())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert work.is_ended
    assert task.cancelling() == 1
