"""C: many callers at once, callers that are cancelled, and the end of the session while they call."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import sys
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from aiomatatika import AccessToken, ApiKey, BearerToken, MatatikaSession, SessionClosedError
from aiomatatika.testing import ControlledClock, MatatikaServer

from ..cancellation import interrupted_everywhere
from ..servers import StuckClock, session_at
from .conftest import Witness, call, fetched, open_files, settled
from .every_call import CALLS

TOKEN, KEYS = "/oauth/token", "/api/apikeys"


def calls(session: MatatikaSession, n: int) -> list[asyncio.Task[ApiKey | None]]:
    return [asyncio.ensure_future(session.apikeys.list().first()) for _ in range(n)]


async def outcomes(tasks: list[asyncio.Task[ApiKey | None]]) -> Counter[type]:
    return Counter(type(each) for each in await asyncio.gather(*tasks, return_exceptions=True))


async def cancelled(server: MatatikaServer, n: int) -> Counter[type]:
    """Cancel the first n of a hundred callers while the token is fetched for all; return how the hundred ended."""
    answer = asyncio.Event()
    fetch = server.faults.add(path=TOKEN, delay=answer)
    async with server.session() as session:
        callers = calls(session, 100)
        await fetch.wait()
        for each in callers[:n]:
            each.cancel()
        await settled()
        answer.set()
        ended = await outcomes(callers)
        assert await session.apikeys.list().count() == 1
    assert len(server.requests.token) == 1
    return ended


async def test_C01_a_hundred_callers_at_a_cold_start_share_one_token_request(server: MatatikaServer) -> None:
    assert await cancelled(server, 0) == {ApiKey: 100}
    assert server.requests.methods() == ["GET"] * 101


async def test_C02_the_first_caller_is_cancelled_while_it_fetches_for_all(server: MatatikaServer) -> None:
    assert await cancelled(server, 1) == {asyncio.CancelledError: 1, ApiKey: 99}


async def test_C03_sixty_of_a_hundred_callers_are_cancelled(server: MatatikaServer) -> None:
    assert await cancelled(server, 60) == {asyncio.CancelledError: 60, ApiKey: 40}


@pytest.mark.parametrize("closed", [False, True], ids=["the fetch ends", "close ends the fetch"])
async def test_C04_every_caller_is_gone_while_the_token_is_fetched(server: MatatikaServer, closed: bool) -> None:
    answer = asyncio.Event()
    fetch = server.faults.add(path=TOKEN, delay=answer)
    async with server.session() as session:
        callers = calls(session, 5)
        await fetch.wait()
        for each in callers:
            each.cancel()
        assert await outcomes(callers) == {asyncio.CancelledError: 5}
        if not closed:
            answer.set()
            assert await session.apikeys.list().first()
    assert len(server.requests.token) == 1


async def test_C06_an_early_refresh_runs_in_the_background_and_nobody_waits(server: MatatikaServer) -> None:
    async with server.session() as session:
        await call(session)
        server.clock.advance(0.9 * 86_400)  # type: ignore[attr-defined]  # a ControlledClock
        answer = asyncio.Event()
        refresh = server.faults.add(path=TOKEN, delay=answer)
        await asyncio.gather(*(call(session) for _ in range(100)))
        await asyncio.gather(*(call(session) for _ in range(100)))
        await refresh.wait()
        answer.set()
        await fetched()
        await call(session)
    assert len(server.requests.token) == 2
    old, *_, new = (request.headers["Authorization"] for request in server.requests.api)
    assert [request.headers["Authorization"] for request in server.requests.api] == [old] * 201 + [new]


BUSY: dict[str, tuple[float | None, dict[str, Any]]] = {  # the age of the token, and the fault; None: no token
    "a token": (None, {"path": TOKEN}),
    "a refresh": (86_400, {"path": TOKEN}),
    "the last minute of a token": (86_350, {"path": TOKEN}),
    "a request": (0, {"path": KEYS}),
    "a wait before a repeat": (0, {"path": KEYS, "status": 503}),
    "a wait before a repeat for a token": (None, {"path": TOKEN, "status": 503}),
    "the rate limit of tokens": (None, {"path": TOKEN, "status": 429, "headers": {"Retry-After": "3"}}),
}


@pytest.mark.parametrize("busy_with", BUSY)
async def test_C07_closing_while_calls_run(server: MatatikaServer, witness: Witness, busy_with: str) -> None:
    clock, (age, fault) = StuckClock(), BUSY[busy_with]
    with clock.installed():
        session = MatatikaSession(server.credentials, deployment=server.deployment)
    if age is not None:
        await session.apikeys.list().first()
        clock.advance(age)
    hangs = "status" not in fault
    hang = server.faults.add(**fault, times=None, delay=asyncio.Event() if hangs else None)
    callers = calls(session, 3)
    await (hang.wait() if hangs else clock.asleep.wait())

    async with asyncio.timeout(5):
        await asyncio.gather(session.close(), session.close())
    await session.close()

    for each in await asyncio.gather(*callers, return_exceptions=True):
        assert isinstance(each, SessionClosedError)
        witness.saw(each)
    with witness.raises(SessionClosedError):
        await session.apikeys.list().first()


async def test_C07_closing_ends_a_refresh_in_the_background(server: MatatikaServer) -> None:
    refresh = server.faults.add(path=TOKEN, skip=1, delay=asyncio.Event())
    async with server.session() as session:
        await call(session)
        server.clock.advance(0.9 * 86_400)  # type: ignore[attr-defined]  # a ControlledClock
        await call(session)
        await refresh.wait()


async def test_C08_the_body_of_async_with_raises(server: MatatikaServer, witness: Witness) -> None:
    failure = ValueError("the caller's own")
    with witness.raises(ValueError) as caught:
        async with server.session() as session:
            await session.apikeys.list().first()
            raise failure
    assert caught.value is failure
    assert failure.__context__ is None
    assert session.closed


@contextlib.asynccontextmanager
async def opened(server: MatatikaServer) -> AsyncIterator[MatatikaSession]:
    """A session with a call in flight, that nobody closes in the end."""
    session = server.session()
    await call(session)
    hang = server.faults.add(path=KEYS, delay=asyncio.Event())
    callers = calls(session, 1)
    await hang.wait()
    yield session
    assert await outcomes(callers) == {SessionClosedError: 1}


async def test_C09_closing_is_cancelled(server: MatatikaServer) -> None:
    before, interruptions = open_files(), 0
    async for session, ending in interrupted_everywhere(lambda: opened(server), MatatikaSession.close):
        interruptions += 1
        assert isinstance(ending.error, asyncio.CancelledError)
        assert session.closed
    await settled()
    assert interruptions >= 2
    assert open_files() == before


async def test_C10_a_sibling_in_a_task_group_fails(server: MatatikaServer) -> None:
    answer = asyncio.Event()
    fetch = server.faults.add(path=TOKEN, delay=answer)

    async def fail() -> None:
        await fetch.wait()
        raise LookupError

    async with server.session() as session:
        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.TaskGroup() as group:
                callers = [group.create_task(session.apikeys.list().first()) for _ in range(3)]
                group.create_task(fail())
        assert [type(each) for each in caught.value.exceptions] == [LookupError]
        assert await outcomes(callers) == {asyncio.CancelledError: 3}
        answer.set()
        assert await session.apikeys.list().first()
    assert len(server.requests.token) == 1


async def test_C12_a_cancellation_is_not_swallowed(server: MatatikaServer, witness: Witness) -> None:
    hang = server.faults.add(path=KEYS, delay=asyncio.Event(), times=None)

    async def cancelled_as_its_limit_runs_out() -> None:
        async with asyncio.timeout(None) as limit:
            asyncio.get_running_loop().call_soon(both.cancel)
            limit.reschedule(0)
            await session.apikeys.list().first()

    async with server.session() as session:
        (caller,) = calls(session, 1)
        await hang.wait()
        caller.cancel()
        caller.cancel()
        with witness.raises(asyncio.CancelledError):
            await caller
        assert caller.cancelling() == 2

        with witness.raises(TimeoutError, within=0.01) as caught:
            async with asyncio.timeout(0.01):
                await session.apikeys.list().first()
        assert type(caught.value) is TimeoutError  # of the caller's limit, not of ours

        both = asyncio.ensure_future(cancelled_as_its_limit_runs_out())
        with witness.raises(asyncio.CancelledError):
            await both
        assert both.cancelling() == 1


async def test_C13_a_caller_is_cancelled_while_it_waits_before_a_repeat(
    server: MatatikaServer, witness: Witness
) -> None:
    clock = StuckClock()
    server.faults.add(path=KEYS, status=503, headers={"Retry-After": "20"}, times=None)
    async with session_at(server.url, clock) as session:
        (caller,) = calls(session, 1)
        await clock.asleep.wait()
        caller.cancel()
        with witness.raises(asyncio.CancelledError, within=0):
            await caller
    assert server.requests.methods() == ["GET"]


async def test_C15_a_limit_that_has_run_out_changes_nothing(server: MatatikaServer, witness: Witness) -> None:
    async with server.session() as session:
        await session.apikeys.list().first()
        for name, call in CALLS.items():
            if name != "MatatikaSession.__aenter__":  # that one closes it
                with witness.raises(TimeoutError):
                    async with asyncio.timeout(0):
                        await call(session, server)
        await settled()
        assert set(server.requests.methods()) <= {"GET"}
        assert len(server.requests.token) == 1


async def test_C16_a_background_refresh_does_not_keep_the_callers_context(server: MatatikaServer) -> None:
    class Thing:
        pass

    variable: contextvars.ContextVar[Thing | None] = contextvars.ContextVar("variable", default=None)
    seen: list[Thing | None] = []
    asked, answer = asyncio.Event(), asyncio.Event()

    async def bring() -> AccessToken:
        seen.append(variable.get())
        if len(seen) == 2:
            asked.set()
            await answer.wait()
        return AccessToken("a-token", expires_in=1_000)

    async def get_token() -> weakref.ref[Thing]:
        thing = Thing()
        variable.set(thing)
        # Not a whole call: the timers of one stay on the loop's heap for a while after they were cancelled.
        await session._client.state.tokens.get(lambda: 60.0)
        return weakref.ref(thing)

    clock = ControlledClock()
    async with session_at(server.url, clock, BearerToken(bring)) as session:
        await asyncio.create_task(get_token())
        clock.advance(900)
        reference = await asyncio.create_task(get_token())
        await asked.wait()
        await settled()
        gc.collect()
        assert reference() is None
        assert seen == [None, None]
        answer.set()


def factory(loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    return asyncio.Task(coro, loop=loop)


@pytest.mark.parametrize("eager", [False, True], ids=["(loop, coro)", "eager"])
@pytest.mark.parametrize("name", CALLS)
async def test_C17_task_factories_of_others(server: MatatikaServer, name: str, eager: bool) -> None:
    if eager and sys.version_info < (3, 12):
        pytest.skip("eager tasks are new in Python 3.12")
    loop = asyncio.get_running_loop()
    loop.set_task_factory(getattr(asyncio, "eager_task_factory", None) if eager else factory)  # type: ignore[arg-type]
    try:
        async with server.session() as session:
            await CALLS[name](session, server)
    finally:
        loop.set_task_factory(None)
