"""What is in flight when a session is closed; `tests/faults/test_concurrency.py` has the calls that this ends."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from aiomatatika import MatatikaSession, SessionClosedError
from aiomatatika.testing import MatatikaServer
from aiomatatika.transport.lifetime import Lifetime

from ..servers import API_KEYS, caught, get


async def test_after_close_nothing_is_sent(server: MatatikaServer, session: MatatikaSession) -> None:
    await session.close()
    error = await caught(get(session), SessionClosedError)
    assert (error.method, error.path, error.attempts) == ("GET", API_KEYS, 0)
    assert server.requests == []


async def test_what_was_in_flight_in_a_loop_that_is_closed_holds_nothing_up(caplog: pytest.LogCaptureFixture) -> None:
    lifetime, blocks, loop = Lifetime(), contextlib.ExitStack(), asyncio.new_event_loop()

    async def begin() -> None:
        blocks.enter_context(lifetime.in_flight(60))
        for _ in range(2):
            blocks.enter_context(lifetime.in_flight(None, secret="API key 1"))

    await asyncio.to_thread(loop.run_until_complete, begin())
    loop.close()
    async with asyncio.timeout(3):
        await lifetime.close()
    assert caplog.messages == [
        "the session was closed before the creation of API key 1 had ended: look whether it exists"
    ]
    blocks.close()
    await caught(asyncio.to_thread(lifetime.check_open), SessionClosedError)


async def test_what_ends_by_itself_may_begin_after_close() -> None:
    lifetime = Lifetime()
    await lifetime.close()
    with lifetime.in_flight(None, secret="API key 1"):
        pass
    with pytest.raises(SessionClosedError), lifetime.in_flight(60):
        pytest.fail("it began")
