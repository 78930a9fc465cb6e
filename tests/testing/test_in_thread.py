"""The server in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest

from aiomatatika import MatatikaError, Retries, TransportError
from aiomatatika.testing import ControlledClock, MatatikaServer, ThreadedServer, loop_thread

KEYS = "/api/apikeys"


@pytest.fixture
def server() -> Iterator[ThreadedServer]:
    with MatatikaServer.in_thread(clock=ControlledClock(frozen=True), page_size=2, token_lifetime=600) as server:
        yield server


async def ids(server: MatatikaServer) -> list[object]:
    async with server.session(retries=Retries(attempts=1)) as session:
        return [key.id async for key in session.apikeys.list()]


def test_a_synchronous_test_has_it_all(server: ThreadedServer) -> None:
    server.add_api_keys(4)
    assert asyncio.run(ids(server)) == list(server.api_keys)
    assert server.requests.methods() == ["GET"] * 3
    fault = server.faults.add(path=KEYS, status=503)
    with pytest.raises(MatatikaError):
        asyncio.run(ids(server))
    assert fault.hits == 1

    session = server.session()
    asyncio.run(session.apikeys.list().count())
    assert isinstance(server.clock, ControlledClock)
    server.clock.advance(600)
    asyncio.run(session.apikeys.list().count())
    server.revoke_tokens()
    asyncio.run(session.apikeys.list().count())
    asyncio.run(session.close())
    assert [request.status for request in server.requests.api] == [200] * 3 + [503] + [200] * 2 + [401, 200]


def test_threads_may_change_and_walk_the_data_while_requests_are_carried_out(server: ThreadedServer) -> None:
    def change(number: int) -> None:
        for _ in range(30):
            key = server.add_api_key(f"of thread {number}")
            server.faults.add(method="PUT", status=500)
            assert key.id in {each.id for each in server.api_keys.values()}
            assert len(server.requests.api) <= server.requests.seen
            server.delete_api_key(key.id)

    with ThreadPoolExecutor(6) as pool:
        changes = [pool.submit(change, number) for number in range(3)]
        pages = [pool.submit(asyncio.run, ids(server)) for _ in range(9)]
        for future in changes:
            future.result()
        assert {server.default_key_id} <= {page.result()[0] for page in pages}
    assert list(server.api_keys) == [server.default_key_id]
    assert len(server.faults) == 90


@pytest.mark.parametrize("event", [threading.Event, asyncio.Event])
async def test_a_delay_ends_when_the_test_says_so(
    server: ThreadedServer, event: Callable[[], threading.Event | asyncio.Event]
) -> None:
    release = event()
    fault = server.faults.add(path=KEYS, delay=release)
    call = asyncio.create_task(ids(server))
    await fault.wait()
    assert (call.done(), server.requests[-1].status) == (False, None)
    release.set()
    assert await call == [server.default_key_id]


@pytest.mark.parametrize("reset", [False, True])
async def test_all_connections_can_be_dropped(server: ThreadedServer, reset: bool) -> None:
    async with server.session() as session:
        await session.profiles.list().count()
        server.drop_connections(reset=reset)
        await session.profiles.list().count()
    first, second = (request.connection for request in server.requests.api)
    assert first != second


# Coming and going


def test_its_end_leaves_neither_thread_nor_port_though_a_request_hangs() -> None:
    with MatatikaServer.in_thread() as server, ThreadPoolExecutor(1) as pool:
        fault = server.faults.add(path=KEYS, delay=threading.Event())
        with pytest.raises(TimeoutError, match="used 0 times, not 1"):
            fault.wait_blocking(timeout=0)
        call = pool.submit(asyncio.run, ids(server))
        fault.wait_blocking()
        server.close()
        assert isinstance(call.exception(), MatatikaError)
        with pytest.raises(TransportError):
            asyncio.run(ids(server))
    assert "closed" in repr(server)
    assert "MatatikaServer" not in {thread.name for thread in threading.enumerate()}


def test_an_error_at_the_start_is_raised_here(server: ThreadedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match=r"[Aa]ddress"):
        MatatikaServer.in_thread(port=int(server.url.rpartition(":")[2])).start()
    monkeypatch.setattr(asyncio, "SelectorEventLoop", Mock(side_effect=OSError("too many open files")))
    with pytest.raises(OSError, match="too many open files"):
        MatatikaServer.in_thread().start()
    assert [thread.name for thread in threading.enumerate()].count("MatatikaServer") == 1


async def test_it_can_be_awaited_like_any_other_server(server: MatatikaServer) -> None:
    url = server.url
    await server.start()
    await server.close()
    await server.close()
    async with server:
        assert (server.url, await ids(server)) == (url, [server.default_key_id])
    server.drop_connections()


def test_a_function_that_blocks_its_thread_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_thread, "_PATIENCE", 0.05)
    blocked, release = threading.Event(), threading.Event()
    server = MatatikaServer.in_thread()

    def block(_: object) -> bytes:
        with pytest.raises(RuntimeError, match="cannot wait for itself"):
            server.drop_connections()
        blocked.set()
        release.wait(60)
        return b""

    server.start()
    server.faults.add(body=block)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, ids(server))
        assert blocked.wait(60)
        with pytest.raises(RuntimeError, match="does not respond"):
            server.close()
        release.set()
