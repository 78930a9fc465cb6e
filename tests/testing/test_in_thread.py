"""The server in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from aiomatatika.testing import ControlledClock, MatatikaServer, ThreadedServer, loop_thread

KEYS = "/api/apikeys"


@pytest.fixture
def server() -> Iterator[ThreadedServer]:
    with MatatikaServer.in_thread(clock=ControlledClock(frozen=True), page_size=2, token_lifetime=600) as server:
        yield server


def token_of(server: MatatikaServer) -> str:
    credentials = server.credentials
    fields = {
        "grant_type": "client_credentials",
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret.reveal(),
        "audience": server.deployment.audience,
    }
    with urllib.request.urlopen(f"{server.url}/oauth/token", urllib.parse.urlencode(fields).encode()) as response:
        token: str = json.load(response)["access_token"]
    return token


def get(server: MatatikaServer, token: str, path: str = KEYS) -> Any:
    """Return the document, or the status of an error."""
    request = urllib.request.Request(server.url + path, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


async def count(server: MatatikaServer) -> int:
    async with server.session() as session:
        return await session.apikeys.list().count()


def test_a_synchronous_test_has_it_all(server: ThreadedServer) -> None:
    token = token_of(server)
    server.add_api_keys(4)
    assert get(server, token)["page"]["totalPages"] == 3
    fault = server.faults.add(path=KEYS, status=503)
    assert (get(server, token), fault.hits) == (503, 1)
    assert isinstance(server.clock, ControlledClock)
    server.clock.advance(600)
    assert get(server, token) == 401
    token = token_of(server)
    server.revoke_tokens()
    assert get(server, token) == 401
    assert server.requests.methods() == ["GET"] * 4
    assert server.tokens_issued == 2


def test_one_loop_after_another_and_several_at_once(server: ThreadedServer) -> None:
    assert [asyncio.run(count(server)), asyncio.run(count(server))] == [1, 1]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(lambda _: asyncio.run(count(server)), range(6))) == [1] * 6


def test_threads_may_change_and_walk_the_data_while_requests_are_carried_out(server: ThreadedServer) -> None:
    token = token_of(server)

    def change(number: int) -> None:
        for _ in range(30):
            key = server.add_api_key(f"of thread {number}")
            server.faults.add(method="PUT", status=500)
            assert key.id in {each.id for each in server.api_keys.values()}
            assert len(server.requests.api) <= server.requests.seen
            server.delete_api_key(key.id)

    with ThreadPoolExecutor(5) as pool:
        changes = [pool.submit(change, number) for number in range(3)]
        pages = [pool.submit(get, server, token, f"{KEYS}?sort=name") for _ in range(40)]
        for future in changes:
            future.result()
        assert all(page.result()["page"]["size"] == 2 for page in pages)
    assert list(server.api_keys) == [server.default_key_id]
    assert len(server.faults) == 90


@pytest.mark.parametrize("event", [threading.Event, asyncio.Event])
async def test_a_delay_ends_when_the_test_says_so(
    server: ThreadedServer, event: Callable[[], threading.Event | asyncio.Event]
) -> None:
    release = event()
    fault = server.faults.add(path=KEYS, delay=release)
    call = asyncio.create_task(count(server))
    await fault.wait()
    assert (call.done(), server.requests[-1].status) == (False, None)
    release.set()
    assert await call == 1


def test_a_thread_can_wait_for_a_fault(server: ThreadedServer) -> None:
    fault = server.faults.add(path=KEYS, times=2)
    with pytest.raises(TimeoutError, match="used 0 times, not 1"):
        fault.wait_blocking(timeout=0)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(get, server, token_of(server))
        fault.wait_blocking()
        assert call.result()["page"]
    fault.wait_blocking(1)


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
        call = pool.submit(get, server, token_of(server))
        fault.wait_blocking()
        server.close()
        assert isinstance(call.exception(), OSError)
        with pytest.raises(urllib.error.URLError):
            token_of(server)
    assert "closed" in repr(server)
    assert "MatatikaServer" not in {thread.name for thread in threading.enumerate()}


def test_an_error_at_the_start_is_raised_here(server: ThreadedServer) -> None:
    with pytest.raises(OSError, match=r"[Aa]ddress"):
        MatatikaServer.in_thread(port=int(server.url.rpartition(":")[2])).start()
    assert [thread.name for thread in threading.enumerate()].count("MatatikaServer") == 1


async def test_it_can_be_awaited_like_any_other_server(server: MatatikaServer) -> None:
    url = server.url
    await server.start()
    await server.close()
    await server.close()
    async with server:
        assert server.url == url
        assert await count(server) == 1
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
        pool.submit(token_of, server)
        assert blocked.wait(60)
        with pytest.raises(RuntimeError, match="does not respond"):
            server.close()
        release.set()
