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


async def nothing_is_left(session: MatatikaSession) -> None:
    """Check that no task is left of what the session did, and that it opens no connection again."""
    for _ in range(5):
        await asyncio.sleep(0)
    assert "aiomatatika token" not in {task.get_name() for task in asyncio.all_tasks()}
    assert isinstance(await caught(get(session)), SessionClosedError)


def ends_within(seconds: float) -> asyncio.Timeout:
    """Fail where a block takes longer, by far, than it has to."""
    return asyncio.timeout(seconds)


# Closing while busy


@pytest.mark.parametrize("path", [TOKEN, API_KEYS])
async def test_closing_ends_a_call_that_waits_for_an_answer(
    server: MatatikaServer, session: MatatikaSession, path: str
) -> None:
    fault = server.faults.add(path=path, delay=asyncio.Event())
    calls = [asyncio.create_task(caught(get(session))) for _ in range(5)]
    await fault.wait()
    async with ends_within(3):
        await session.close()
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
        async with ends_within(3):
            await session.close()
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
    closing = asyncio.create_task(session.close())  # waits for the secret
    await asyncio.sleep(0)
    closing.cancel()
    assert isinstance(await caught(closing), asyncio.CancelledError)
    await creating  # its connection is closed
    await nothing_is_left(session)


async def test_an_exception_in_the_block_leaves_it_and_the_session_closed(server: MatatikaServer) -> None:
    session = server.session()
    with pytest.raises(LookupError):
        async with session:
            await get(session)
            raise LookupError
    assert session.closed


# Cancelled


@pytest.mark.parametrize("path", [TOKEN, API_KEYS])
async def test_a_limit_of_the_callers_own_is_kept(server: MatatikaServer, session: MatatikaSession, path: str) -> None:
    server.faults.add(path=path, delay=asyncio.Event())
    async with ends_within(3):
        with pytest.raises(TimeoutError) as raised:
            async with asyncio.timeout(0.05):
                await get(session)
    assert type(raised.value) is TimeoutError


async def test_a_limit_that_has_run_out_sends_nothing_that_changes_anything(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    await get(session)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await session.apikeys.delete(server.default_key_id)
    await get(session)
    assert server.requests.methods() == ["GET", "GET"]


async def test_a_call_that_waits_for_its_repeat_is_cancelled_at_once() -> None:
    clock = StuckClock()
    async with MatatikaServer(clock=clock) as server, server.session() as session:
        server.faults.add(path=API_KEYS, status=503)
        call = asyncio.create_task(get(session))
        await clock.asleep.wait()
        call.cancel()
        await asyncio.wait({call})
        assert call.cancelled()
        assert await get(session) == 200


async def test_a_sibling_that_fails_cancels_calls_and_not_the_token_that_others_wait_for(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    answer = asyncio.Event()
    fault = server.faults.add(path=TOKEN, delay=answer)

    async def fails() -> None:
        await fault.wait()
        raise LookupError

    with pytest.raises(ExceptionGroup) as raised:
        async with asyncio.TaskGroup() as group:
            group.create_task(get(session))
            group.create_task(fails())
    assert raised.group_contains(LookupError)
    answer.set()
    assert await get(session) == 200
    assert len(server.requests.token) == 1


@pytest.mark.parametrize("fault", [None, {"path": API_KEYS, "status": 503}, {"path": API_KEYS, "status": 401}])
async def test_a_call_can_be_cancelled_at_every_step(
    server: MatatikaServer, clock: ControlledClock, fault: dict[str, Any] | None
) -> None:
    cancelled = 0
    async with aiohttp.ClientSession() as http, server.session(timeouts=Timeouts(total=5), http=http) as session:
        for steps in range(1_000):
            server.faults.clear()
            clock.advance(121)  # a refused token is replaced four times in two minutes, not more often
            if fault:
                server.faults.add(**fault)
            call = asyncio.create_task(get(session))
            for _ in range(steps):
                await asyncio.sleep(0)
            call.cancel()
            await asyncio.wait({call})
            if not call.cancelled():
                assert call.result() == 200
                break
            cancelled += 1
            server.faults.clear()
            assert await get(session) == 200
            assert not getattr(http.connector, "_acquired")  # noqa: B009  # aiohttp's own count of busy connections
    assert cancelled > 3
    await nothing_is_left(session)


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
