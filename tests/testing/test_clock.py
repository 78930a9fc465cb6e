"""ControlledClock: time passes when the test says so."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from aiomatatika.testing import ControlledClock
from aiomatatika.testing.clock import ServerTime
from aiomatatika.transport.clock import Clock


def test_it_runs_in_real_time_unless_it_is_frozen() -> None:
    running, frozen = ControlledClock(), ControlledClock(frozen=True)
    assert frozen.wall() == pytest.approx(time.time(), abs=60)
    before = running.monotonic(), frozen.monotonic(), frozen.wall()
    while Clock().monotonic() == before[0]:
        pass
    assert running.monotonic() > before[0]
    assert (frozen.monotonic(), frozen.wall()) == before[1:]
    assert all(moment.is_integer() for moment in before[1:])


def test_advance_moves_both_clocks_and_jump_the_time_of_day_but_not_the_servers() -> None:
    clock = ControlledClock(frozen=True)
    at_server = ServerTime(clock)
    wall, monotonic, began = clock.wall(), clock.monotonic(), at_server.now()
    clock.advance(3600)
    clock.jump(-86_400)
    assert clock.wall() == pytest.approx(wall + 3600 - 86_400)
    assert clock.monotonic() == pytest.approx(monotonic + 3600)
    assert at_server.now() == pytest.approx(began + 3600)


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
def test_time_passes_forward_only(seconds: float) -> None:
    with pytest.raises(ValueError, match="forward"):
        ControlledClock().advance(seconds)


def test_threads_may_use_it_at_the_same_time() -> None:
    clock = ControlledClock(frozen=True)
    at_server, began = ServerTime(clock), clock.monotonic()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(1000):
            pool.submit(clock.advance, 1)
        stamps = list(pool.map(lambda _: at_server.stamp(), range(1000)))
    assert clock.monotonic() - began == pytest.approx(1000)
    assert len({(stamp + 500) // 1000 for stamp in stamps}) == 1000  # they differ in microseconds
    assert all(stamp % 10 for stamp in stamps)


@pytest.mark.parametrize("frozen", [True, False])
async def test_sleeps_take_no_real_time_and_overlap(frozen: bool) -> None:
    clock = ControlledClock(frozen=frozen)
    began, really_began = clock.monotonic(), time.monotonic()
    await clock.sleep(0.1)
    await asyncio.gather(clock.sleep(7200), clock.sleep(7200), clock.sleep(2))
    assert clock.monotonic() - began == pytest.approx(7200.1, abs=1e-6 if frozen else 60)
    assert time.monotonic() - really_began < 600
    assert clock.sleeps == [0.1, 7200, 7200, 2]


async def test_a_sleep_can_be_cancelled() -> None:
    clock = ControlledClock(frozen=True)
    began = clock.monotonic()
    sleeper = asyncio.create_task(clock.sleep(60))
    await asyncio.sleep(0)
    sleeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeper
    assert clock.monotonic() == began
