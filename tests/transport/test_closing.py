"""Ends that come from outside: the session is closed, the caller is cancelled or has a limit of its own."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import aiohttp
import pytest

from aiomatatika import BearerToken, MatatikaSession, SessionClosedError, Timeouts
from aiomatatika.testing import ControlledClock, MatatikaServer
from aiomatatika.transport.lifetime import Lifetime

from ..servers import API_KEYS, TOKEN, StuckClock, caught, get, session_at






# Closing while busy












async def test_after_close_nothing_is_sent(server: MatatikaServer, session: MatatikaSession) -> None:
    await get(session)
    await session.close()
    assert session.closed
    error = await caught(get(session), SessionClosedError)
    assert (error.method, error.path, error.attempts) == ("GET", API_KEYS, 0)
    assert isinstance(await caught(session.__aenter__()), SessionClosedError)
    assert len(server.requests.api) == 1






# Cancelled












# What is in flight elsewhere


async def test_what_was_in_flight_in_a_loop_that_is_closed_holds_nothing_up(caplog: pytest.LogCaptureFixture) -> None:
    lifetime, blocks, loop = Lifetime(), contextlib.ExitStack(), asyncio.new_event_loop()

    async def begin() -> None:
        blocks.enter_context(lifetime.in_flight(asyncio.timeout(None)))
        for _ in range(2):
            blocks.enter_context(lifetime.in_flight(None, secret="API key 1"))

    await asyncio.to_thread(loop.run_until_complete, begin())
    loop.close()
    async with ends_within(3):
        await lifetime.close()
    assert caplog.messages == [
        "the session was closed before the creation of API key 1 had ended: look whether it exists"
    ]
    blocks.close()
    assert isinstance(await caught(asyncio.to_thread(lifetime.check_open)), SessionClosedError)


async def test_what_ends_by_itself_may_begin_after_close() -> None:
    lifetime = Lifetime()
    await lifetime.close()
    with lifetime.in_flight(None, secret="API key 1"):
        pass
    with pytest.raises(SessionClosedError), lifetime.in_flight(asyncio.timeout(None)):
        pytest.fail("it began")
