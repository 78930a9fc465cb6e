"""S: what becomes of a one-time secret when its caller is cancelled or the session is closed: S10, S11, S28 to S30."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import anyio
import pytest

from aiomatatika import MatatikaSession, NewApiKey, SessionClosedError
from aiomatatika.resources.apikeys import creator, grace
from aiomatatika.testing import MatatikaServer
from aiomatatika.transport import lifetime

from ..cancellation import Ending, interrupted_everywhere
from .conftest import Witness
from .test_one_time_secret import made_keys, warned
from .test_one_time_secret_delivery import Sink, assert_holds_the_key, assert_usable, create, create_and_wait, rotate


def delivered(ending: Ending) -> list[NewApiKey]:
    """Return the key that a call returned or that its error holds, if there is one."""
    key = ending.result or getattr(ending.error, "api_key", None)
    return [key] if isinstance(key, NewApiKey) else []


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("call", [create, create_and_wait, rotate])
async def test_S10_cancelled_at_each_await_of_create(
    server: MatatikaServer,
    witness: Witness,
    call: Callable[[MatatikaSession, Sink], Awaitable[NewApiKey]],
    lost: bool,
) -> None:
    saved: list[NewApiKey] = []
    old: list[UUID] = []

    @contextlib.asynccontextmanager
    async def place() -> AsyncIterator[MatatikaSession]:
        for key_id in made_keys(server):
            server._store.delete_key(server.api_keys[key_id])
        old[:] = [server._store.add_key("old").id]
        saved.clear()
        server.faults.clear()
        if lost:
            server.faults.add(method="PUT", drop="after")
        async with server.session() as session:
            yield session

    async for _, ending in interrupted_everywhere(place, lambda session: call(session, saved.append)):
        witness.saw(ending.error)
        held = delivered(ending)
        named = "".join(getattr(ending.error, "__notes__", ()))
        for key_id in made_keys(server):
            assert key_id in [*old, *(key.id for key in held)] or str(key_id) in named, f"suspension {ending.at}"
        assert saved == held
        for key in held:
            assert_usable(server, key)
        assert old[0] in server.api_keys or held, "the old key is not deleted before its successor is delivered"


async def answer_after(limit: asyncio.Timeout, sent: Awaitable[None], answer: asyncio.Event, *, late: bool) -> None:
    """Let a limit run out once the request is sent, and the server answer after that, or never."""
    await sent
    limit.reschedule(0)
    while not limit.expired():
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    if not late:
        answer.set()


@pytest.mark.parametrize("late", [False, True])
async def test_S11_asyncio_timeout_around_create(
    server: MatatikaServer, witness: Witness, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    if late:
        monkeypatch.setattr(creator, "_GRACE", 0.0)
    answer = asyncio.Event()
    put = server.faults.add(method="PUT", delay=answer)
    saved: list[NewApiKey] = []
    async with server.session() as session:
        with witness.raises(TimeoutError, within=0.1) as caught:
            async with asyncio.timeout(None) as limit:
                helper = asyncio.create_task(answer_after(limit, put.wait(), answer, late=late))
                await session.apikeys.create("nightly batch", save=saved.append)
        await helper
    answer.set()
    assert server.requests.methods() == ["POST", "PUT"]
    (key_id,) = made_keys(server)
    cancelled = caught.value.__cause__
    assert isinstance(cancelled, asyncio.CancelledError)
    assert str(key_id) in "".join(cancelled.__notes__)
    if late:
        assert saved == []
    else:
        assert_holds_the_key(server, cancelled)
        assert [key.id for key in saved] == [key_id]


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def cancelled_in_a_scope(
    session: MatatikaSession, sent: Awaitable[None], answer: asyncio.Event, save: Sink | None
) -> asyncio.CancelledError:
    """Create a key in a scope of anyio, which is cancelled when the PUT is under way, 50 turns before its answer."""

    async def leave() -> None:
        await sent
        scope.cancel()
        await turns(50)
        answer.set()

    leaving = asyncio.create_task(leave())
    errors: list[asyncio.CancelledError] = []
    with anyio.CancelScope() as scope:
        try:
            await session.apikeys.create("nightly batch", save=save)
        except asyncio.CancelledError as error:
            errors.append(error)
            raise
    assert scope.cancelled_caught
    await leaving
    return errors[0]


@pytest.mark.parametrize("saves", [True, False])
async def test_S28_cancelled_again_and_again(server: MatatikaServer, witness: Witness, saves: bool) -> None:
    answer, saved = asyncio.Event(), list[NewApiKey]()
    put = server.faults.add(method="PUT", delay=answer)

    async def save(key: NewApiKey) -> None:
        await turns(5)
        saved.append(key)

    async with server.session() as session:
        cancelled = await cancelled_in_a_scope(session, put.wait(), answer, save if saves else None)
    witness.saw(cancelled)
    assert_holds_the_key(server, cancelled)
    assert [key.id for key in saved] == (made_keys(server) if saves else [])


async def test_S28_cancelled_again_and_again_and_the_answer_is_lost(
    server: MatatikaServer, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    put = server.faults.add(method="PUT", drop="after", delay=(answer := asyncio.Event()))
    async with server.session() as session:
        cancelled = await cancelled_in_a_scope(session, put.wait(), answer, None)
    witness.saw(cancelled)
    (key_id,) = made_keys(server)
    assert str(key_id) in "".join(cancelled.__notes__)
    assert str(key_id) in warned(caplog)


@pytest.mark.parametrize("status", [201, 202, 204])
async def test_S28_cancelled_and_the_answer_has_no_secret(
    server: MatatikaServer, witness: Witness, status: int
) -> None:
    put = server.faults.add(method="PUT", status=status, json={}, act=True, delay=(answer := asyncio.Event()))
    async with server.session() as session:
        cancelled = await cancelled_in_a_scope(session, put.wait(), answer, None)
    witness.saw(cancelled)
    assert str(made_keys(server)[0]) in "".join(cancelled.__notes__)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("resists", [False, True], ids=["shielded", "never ends"])
async def test_S29_sink_that_shields_itself(
    server: MatatikaServer,
    witness: Witness,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    times: int,
    resists: bool,
) -> None:
    monkeypatch.setattr(creator, "_GRACE", 0.0)
    monkeypatch.setattr(grace, "_UNWIND_TIMEOUT", 0.02)
    begun, end = asyncio.Event(), asyncio.Event()

    async def save(_: NewApiKey) -> None:
        stored = asyncio.ensure_future(end.wait())
        begun.set()
        while not stored.done():
            try:
                await asyncio.shield(stored)
            except asyncio.CancelledError:
                if not resists:
                    raise

    async with server.session() as session:
        creation = asyncio.create_task(session.apikeys.create("nightly batch", save=save))
        await begun.wait()
        for _ in range(times):
            creation.cancel()
            await asyncio.sleep(0)
        with witness.raises(asyncio.CancelledError) as caught:
            await creation
        end.set()
        await turns(5)
    assert_holds_the_key(server, caught.value)
    (key_id,) = made_keys(server)
    how = "did not end within 0 s, and is left to itself" if resists else "was cut short"
    assert warned(caplog) == f"saving API key {key_id} {how}"
    assert not resists or f"saving API key {key_id} has ended, after its caller was cancelled" in caplog.messages


async def test_S29_sink_that_fails_while_its_caller_is_cancelled(
    server: MatatikaServer, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    begun = asyncio.Event()

    async def save(_: NewApiKey) -> None:
        begun.set()
        await turns(5)
        raise LookupError

    async with server.session() as session:
        creation = asyncio.create_task(session.apikeys.create("nightly batch", save=save))
        await begun.wait()
        creation.cancel()
        with witness.raises(asyncio.CancelledError) as caught:
            await creation
    assert_holds_the_key(server, caught.value)
    assert warned(caplog) == f"saving API key {made_keys(server)[0]} failed with LookupError"


async def test_S30_close_beside_a_sink(server: MatatikaServer) -> None:
    begun, end = asyncio.Event(), asyncio.Event()

    async def save(_: NewApiKey) -> None:
        begun.set()
        await end.wait()

    session = server.session()
    creation = asyncio.create_task(session.apikeys.create("nightly batch", save=save))
    await begun.wait()
    closing = asyncio.create_task(session.close())
    await turns(50)
    assert not closing.done()
    end.set()
    await closing
    assert_usable(server, await creation)


async def test_S30_close_by_the_sink_itself(server: MatatikaServer, caplog: pytest.LogCaptureFixture) -> None:
    async def save(_: NewApiKey) -> None:
        async with asyncio.timeout(1):
            await session.close()

    session = server.session()
    assert_usable(server, await session.apikeys.create("nightly batch", save=save))
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def in_another_loop(session: MatatikaSession) -> NewApiKey | BaseException:
    """Create a key in a thread with a loop of its own; return the key or the error."""

    async def create_key() -> NewApiKey | BaseException:
        (outcome,) = await asyncio.gather(session.apikeys.create("nightly batch"), return_exceptions=True)
        return outcome

    return await asyncio.to_thread(lambda: asyncio.run(create_key()))


async def test_S30_close_on_another_loop_waits(server: MatatikaServer) -> None:
    put = server.faults.add(method="PUT", delay=(answer := asyncio.Event()))
    session = server.session()
    creation = asyncio.create_task(in_another_loop(session))
    await put.wait()
    closing = asyncio.create_task(session.close())
    await turns(50)
    assert not closing.done()
    answer.set()
    await closing
    assert_usable(server, await creation)


async def test_S30_close_on_another_loop_names_what_it_cannot_wait_for(
    server: MatatikaServer, witness: Witness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lifetime, "_SECRET_GRACE", 0.0)
    put = server.faults.add(method="PUT", delay=asyncio.Event())
    session = server.session()
    creation = asyncio.create_task(in_another_loop(session))
    await put.wait()
    await session.close()
    error = await creation
    witness.saw(error)
    assert isinstance(error, SessionClosedError)
    (key_id,) = made_keys(server)
    assert str(key_id) in "".join(error.__notes__)
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert (
        f"the session was closed before the creation of API key {key_id} had ended: look whether it exists" in warnings
    )
    assert len(warnings) == 2


async def test_S30_close_names_what_is_under_way_in_a_loop_that_stands_still(
    server: MatatikaServer, caplog: pytest.LogCaptureFixture
) -> None:
    put = server.faults.add(method="PUT", delay=(answer := asyncio.Event()))
    session = server.session()
    loop = asyncio.new_event_loop()
    creation = loop.create_task(session.apikeys.create("nightly batch"))
    creation.add_done_callback(lambda _: loop.stop())
    running = asyncio.create_task(asyncio.to_thread(loop.run_forever))
    await put.wait()
    loop.call_soon_threadsafe(loop.stop)
    await running
    await session.close()
    assert f"the creation of API key {made_keys(server)[0]} had ended: look whether it exists" in warned(caplog)
    answer.set()
    await asyncio.to_thread(loop.run_forever)
    assert isinstance(creation.exception(), SessionClosedError)
    await asyncio.to_thread(loop.run_until_complete, loop.shutdown_asyncgens())
    loop.close()
