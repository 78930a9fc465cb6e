"""ControlledClock: time passes when the test says so."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from aiomatatika.testing import ControlledClock
from aiomatatika.testing.clock import ServerTime
from aiomatatika.transport.clock import Clock, clock_of_new_sessions


def test_it_runs_in_real_time_unless_it_is_frozen() -> None:
    running, frozen = ControlledClock(), ControlledClock(frozen=True)
    assert frozen.wall() == pytest.approx(time.time(), abs=60)
    assert frozen.monotonic() == pytest.approx(time.monotonic(), abs=60)
    before = running.monotonic(), frozen.monotonic(), frozen.wall()
    while Clock().monotonic() == before[0]:
        pass
    assert running.monotonic() > before[0]
    assert (frozen.monotonic(), frozen.wall()) == before[1:]


def test_advance_moves_both_clocks_and_jump_the_time_of_day() -> None:
    clock = ControlledClock(frozen=True)
    wall, monotonic = clock.wall(), clock.monotonic()
    clock.advance(3600)
    clock.jump(-86_400)
    assert clock.wall() == pytest.approx(wall + 3600 - 86_400)
    assert clock.monotonic() == pytest.approx(monotonic + 3600)


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
def test_time_passes_forward_only(seconds: float) -> None:
    with pytest.raises(ValueError, match="forward"):
        ControlledClock().advance(seconds)


def test_threads_may_move_it_at_the_same_time() -> None:
    clock = ControlledClock(frozen=True)
    began = clock.monotonic()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(2000):
            pool.submit(clock.advance, 1)
    assert clock.monotonic() - began == pytest.approx(2000)


@pytest.mark.parametrize("frozen", [True, False])
async def test_sleep_takes_no_real_time_and_the_clock_has_moved(frozen: bool) -> None:
    clock = ControlledClock(frozen=frozen)
    began, really_began = clock.monotonic(), time.monotonic()
    await clock.sleep(0.1)
    await clock.sleep(7200)
    assert clock.monotonic() - began >= 7200.1 - 1e-6  # the sum is rounded
    assert time.monotonic() - really_began < 600
    assert clock.sleeps == [0.1, 7200]


async def test_sleeps_at_the_same_time_overlap() -> None:
    clock = ControlledClock(frozen=True)
    began = clock.monotonic()
    await asyncio.gather(clock.sleep(3), clock.sleep(3), clock.sleep(2))
    assert clock.monotonic() - began == pytest.approx(3)
    assert clock.sleeps == [3, 3, 2]


async def test_sleep_lets_other_tasks_run_and_can_be_cancelled() -> None:
    clock = ControlledClock(frozen=True)
    began = clock.monotonic()
    sleeper = asyncio.create_task(clock.sleep(60))
    await asyncio.sleep(0)
    sleeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeper
    assert clock.monotonic() == began


def test_chance_is_what_the_test_says() -> None:
    clock = ControlledClock()
    assert clock.random() == 0.5
    clock.randomness = 0.0
    assert clock.random() == 0.0


def test_installed_is_for_the_block() -> None:
    before = clock_of_new_sessions.get()
    with ControlledClock().installed() as clock:
        assert clock_of_new_sessions.get() is clock
    assert clock_of_new_sessions.get() is before


def test_the_servers_time_passes_and_does_not_jump() -> None:
    clock = ControlledClock(frozen=True)
    at_server = ServerTime(clock)
    began = at_server.now()
    clock.jump(-86_400)
    assert at_server.now() == began
    clock.advance(60)
    assert at_server.now() == pytest.approx(began + 60)


def test_stamps_grow_and_differ_in_microseconds_though_the_clock_stands() -> None:
    at_server = ServerTime(ControlledClock(frozen=True))
    stamps = [at_server.stamp() for _ in range(100)]
    assert len({(stamp + 500) // 1000 for stamp in stamps}) == 100
    assert stamps == sorted(stamps)
    assert all(stamp % 10 for stamp in stamps)
