"""The clock that a session runs by where no test has put another in its place."""

from __future__ import annotations

import time

from aiomatatika.transport.clock import Clock, clock_of_new_sessions


async def test_it_is_the_machines_own() -> None:
    clock = clock_of_new_sessions.get()
    assert type(clock) is Clock
    wall, monotonic, chance = clock.wall(), clock.monotonic(), clock.random()
    await clock.sleep(0.001)
    assert 0.001 <= clock.monotonic() - monotonic < 1
    assert abs(time.time() - wall) < 1
    assert 0 <= chance < 1
