"""The session is closed while it is busy, or by those it waits for."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from aiomatatika import BearerToken, MatatikaSession, SessionClosedError
from aiomatatika.testing import ControlledClock, MatatikaServer

from ..servers import API_KEYS, TOKEN, StuckClock, caught, get, session_at


async def nothing_is_left(session: MatatikaSession) -> None:
    """Check that no task and no connection is left of what the session did."""
    for _ in range(5):
        await asyncio.sleep(0)
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert "aiomatatika token" not in names
    assert not session._client.state.connections._own
    assert isinstance(await caught(get(session)), SessionClosedError)


@pytest.mark.parametrize("path", [TOKEN, API_KEYS])
async def test_closing_ends_a_call_that_waits_for_an_answer(
    server: MatatikaServer, session: MatatikaSession, path: str
) -> None:
    fault = server.faults.add(path=path, delay=asyncio.Event())
    calls = [asyncio.create_task(caught(get(session))) for _ in range(5)]
    await fault.wait()
    began = time.monotonic()
    await session.close()
    assert time.monotonic() - began < 1
    errors = await asyncio.gather(*calls)
    assert {type(error) for error in errors} == {SessionClosedError}
    assert {vars(error)["path"] for error in errors} == {API_KEYS}
    await nothing_is_left(session)


@pytest.mark.parametrize(
    "fault",
    [
        {"path": API_KEYS, "status": 503},
        {"path": TOKEN, "status": 503},
        {"path": TOKEN, "status": 429, "headers": {"Retry-After": "3"}},
    ],
    ids=["repeat", "repeat for a token", "rate limit of tokens"],
)
async def test_closing_ends_a_call_that_waits_for_its_repeat(fault: dict[str, Any]) -> None:
    clock = StuckClock()
    async with MatatikaServer(clock=clock) as server, server.session() as session:
        server.faults.add(**fault, times=None)
        call = asyncio.create_task(caught(get(session)))
        await clock.asleep.wait()
        began = time.monotonic()
        await session.close()
        assert time.monotonic() - began < 1
        assert isinstance(await call, SessionClosedError)
        await nothing_is_left(session)


async def test_closing_ends_a_refresh_in_the_background(
    server: MatatikaServer, session: MatatikaSession, clock: ControlledClock
) -> None:
    await get(session)
    clock.advance(70_000)
    fault = server.faults.add(path=TOKEN, delay=asyncio.Event())
    await get(session)
    await fault.wait()
    await session.close()
    await nothing_is_left(session)


async def test_a_token_callable_may_close_the_session_that_waits_for_it(server: MatatikaServer) -> None:
    closed = asyncio.Event()

    async def bring() -> str:
        await session.close()
        closed.set()
        return "a.b.c"

    session = session_at(server.url, credentials=BearerToken(bring))
    assert isinstance(await caught(get(session)), SessionClosedError)
    async with asyncio.timeout(1):
        await closed.wait()
    assert server.requests == []
    await nothing_is_left(session)


async def test_closing_twice_and_at_the_same_time_is_fine(server: MatatikaServer, session: MatatikaSession) -> None:
    fault = server.faults.add(path=API_KEYS, delay=asyncio.Event())
    call = asyncio.create_task(caught(get(session)))
    await fault.wait()
    await asyncio.gather(session.close(), session.close(), session.close())
    await session.close()
    assert isinstance(await call, SessionClosedError)


async def test_after_close_nothing_is_sent(server: MatatikaServer, session: MatatikaSession) -> None:
    await get(session)
    await session.close()
    assert session.closed
    error = await caught(get(session))
    assert isinstance(error, SessionClosedError)
    assert (error.method, error.path, error.attempts) == ("GET", API_KEYS, 0)
    assert isinstance(await caught(session.__aenter__()), SessionClosedError)
    assert len(server.requests.api) == 1


async def test_a_close_that_is_cancelled_has_closed_all_the_same(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    fault = server.faults.add(method="PUT", delay=asyncio.Event())
    creating = asyncio.create_task(caught(session.apikeys.create("robot")))
    await fault.wait()
    http, _ = session._client.state.connections._own[asyncio.get_running_loop()]
    closing = asyncio.create_task(session.close())  # waits for the secret
    await asyncio.sleep(0)
    closing.cancel()
    assert isinstance(await caught(closing), asyncio.CancelledError)
    assert http.closed
    await creating
    await nothing_is_left(session)
