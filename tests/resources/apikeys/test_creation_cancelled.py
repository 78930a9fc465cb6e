"""A creation that its caller gives up, at every moment: no key, or its secret with the caller, or its id named."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from aiomatatika import MatatikaSession, NotFoundError
from aiomatatika.resources.apikeys import creation
from aiomatatika.testing import MatatikaServer
from aiomatatika.testing.faults import Fault
from aiomatatika.transport.message import Response

from ...cancellation import interrupted_everywhere
from ...servers import caught, chain
from .creation import assert_delivered, made


@pytest.fixture
def release() -> asyncio.Event:
    return asyncio.Event()


def assert_accounted_for(server: MatatikaServer, error: BaseException) -> None:
    """Fail if there is a key whose secret the error does not hold and whose id it does not name."""
    held = {each.api_key.id for each in chain(error) if hasattr(each, "api_key")}
    named = "\n".join(note for each in chain(error) for note in getattr(each, "__notes__", ()))
    for key_id in made(server):
        assert key_id in held or str(key_id) in named


async def clean(server: MatatikaServer, session: MatatikaSession) -> None:
    """Delete what was made; a DELETE of a call that was given up can come first."""
    for key_id in made(server):
        with contextlib.suppress(NotFoundError):
            await session.apikeys.delete(key_id)


def hold(server: MatatikaServer, request: str, release: asyncio.Event) -> Fault:
    """Have the server lose the first PUT's answer, and hold this request back until it is released."""
    method, path, skip = {
        "token": ("POST", "/oauth/token", 0),
        "POST": ("POST", "/api/apikeys", 0),
        "PUT": ("PUT", None, 0),
        "GET": ("GET", None, 0),
        "DELETE": ("DELETE", None, 0),
        "second POST": ("POST", "/api/apikeys", 1),
        "second PUT": ("PUT", None, 0),
    }[request]
    if request == "PUT":
        return server.faults.add(method="PUT", drop="after", delay=release)
    server.faults.add(method="PUT", drop="after")
    return server.faults.add(method=method, path=path, skip=skip, delay=release)


REQUESTS = ["token", "POST", "PUT", "GET", "DELETE", "second POST", "second PUT"]


@pytest.mark.parametrize("request_held", REQUESTS)
@pytest.mark.parametrize("times", [1, 2])
async def test_cancelled_before_an_answer_no_key_is_lost_sight_of(
    server: MatatikaServer, session: MatatikaSession, release: asyncio.Event, request_held: str, times: int
) -> None:
    held = hold(server, request_held, release)
    creation = asyncio.create_task(session.apikeys.create("x"))
    await held.wait()
    for _ in range(times):
        creation.cancel()
        await asyncio.sleep(0)
    release.set()
    error = await caught(creation)
    assert isinstance(error, asyncio.CancelledError)
    assert_accounted_for(server, error)
    assert (await session.apikeys.create("the next one")).id in server.api_keys


@pytest.mark.parametrize("fault", [None, {"drop": "before"}, {"drop": "after"}], ids=repr)
async def test_cancelled_at_every_suspension_no_key_is_lost_sight_of(server: MatatikaServer, fault: Any) -> None:
    @contextlib.asynccontextmanager
    async def place() -> AsyncIterator[MatatikaSession]:
        server.faults.clear()
        if fault:
            server.faults.add(method="PUT", **fault)
        async with server.session() as session:
            yield session
            await clean(server, session)

    endings = 0
    async for _, ending in interrupted_everywhere(place, lambda session: session.apikeys.create("x")):
        assert isinstance(ending.error, asyncio.CancelledError)
        assert_accounted_for(server, ending.error)
        endings += 1
    assert endings > 3


async def test_cancelled_after_any_number_of_steps_no_key_is_lost_sight_of(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    outcomes = set()
    for steps in range(200):
        await clean(server, session)
        creation = asyncio.create_task(session.apikeys.create("x"))
        for _ in range(steps):
            await asyncio.sleep(0)
        if not creation.cancel():
            assert_delivered(server, await creation)
            break
        error: Any = await caught(creation)
        assert isinstance(error, asyncio.CancelledError)
        assert_accounted_for(server, error)
        outcomes.add("delivered" if hasattr(error, "api_key") else "none" if not made(server) else "named")
    else:
        pytest.fail("the creation did not end")
    assert outcomes >= {"none", "delivered"}


async def test_a_caller_that_is_cancelled_waits_for_the_secret_and_gets_it(
    server: MatatikaServer, session: MatatikaSession, release: asyncio.Event, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "aiomatatika")
    held = server.faults.add(method="PUT", delay=release)
    creation = asyncio.create_task(session.apikeys.create("x"))
    await held.wait()
    creation.cancel()
    await asyncio.sleep(0)
    release.set()
    error: Any = await caught(creation)
    assert_delivered(server, error.api_key)
    assert error.__notes__ == [f"API key {error.api_key.id} was created; it is in .api_key of this exception"]
    assert f"the creation of API key {error.api_key.id} was cancelled by its caller" in caplog.messages


async def test_a_timeout_around_create_waits_for_the_secret_and_keeps_it(
    server: MatatikaServer, session: MatatikaSession, release: asyncio.Event
) -> None:
    held = server.faults.add(method="PUT", delay=release)

    async def impatient() -> None:
        async with asyncio.timeout(None) as limit:
            creation = asyncio.ensure_future(held.wait())
            creation.add_done_callback(lambda _: limit.reschedule(0))
            creation.add_done_callback(lambda _: asyncio.get_running_loop().call_later(0.02, release.set))
            await session.apikeys.create("x")

    error = await caught(impatient())
    assert isinstance(error, TimeoutError)
    assert isinstance(error.__cause__, asyncio.CancelledError)
    assert_delivered(server, vars(error.__cause__)["api_key"])


async def test_the_grace_ends_and_the_id_is_named(
    server: MatatikaServer, session: MatatikaSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiomatatika.resources.apikeys.creation._GRACE", 0.02)
    held = server.faults.add(method="PUT", delay=asyncio.Event())
    creation = asyncio.create_task(session.apikeys.create("x"))
    await held.wait()
    creation.cancel()
    error = await caught(creation)
    assert isinstance(error, asyncio.CancelledError)
    assert error.__notes__ == [f"API key {made(server)[0]} may exist: its creation was interrupted"]


async def test_a_second_cancellation_ends_the_grace(server: MatatikaServer, session: MatatikaSession) -> None:
    held = server.faults.add(method="PUT", delay=asyncio.Event())
    creation = asyncio.create_task(session.apikeys.create("x"))
    await held.wait()
    creation.cancel()
    await asyncio.sleep(0)
    creation.cancel()
    error = await caught(creation)
    assert isinstance(error, asyncio.CancelledError)
    assert_accounted_for(server, error)
    assert creation.cancelling() == 2


async def test_in_a_task_group_a_sibling_that_fails_costs_no_secret(
    server: MatatikaServer, session: MatatikaSession, release: asyncio.Event
) -> None:
    held = server.faults.add(method="PUT", delay=release)

    async def sibling() -> None:
        await held.wait()
        asyncio.get_running_loop().call_later(0.02, release.set)
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as group:
        async with asyncio.TaskGroup() as tasks:
            creation = tasks.create_task(session.apikeys.create("x"))
            tasks.create_task(sibling())
    assert group.group_contains(ZeroDivisionError)
    error = await caught(creation)
    assert_accounted_for(server, error)
    assert made(server)


@pytest.mark.parametrize("cancelled", [False, True])
async def test_a_reader_that_raises_is_our_own_error_and_not_swallowed(
    server: MatatikaServer,
    session: MatatikaSession,
    release: asyncio.Event,
    monkeypatch: pytest.MonkeyPatch,
    cancelled: bool,
) -> None:
    def read(response: Response, key_id: UUID) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(creation, "read_new_key", read)
    held = server.faults.add(method="PUT", delay=release)
    running = asyncio.create_task(session.apikeys.create("x"))
    await held.wait()
    if cancelled:
        running.cancel()
        await asyncio.sleep(0)
    release.set()
    error = await caught(running)
    assert isinstance(error, asyncio.CancelledError if cancelled else ZeroDivisionError)
    if cancelled:
        assert_accounted_for(server, error)
