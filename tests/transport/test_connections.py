"""Connections: one aiohttp session for each event loop, a borrowed one, none across a fork."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator

import aiohttp
import pytest

from aiomatatika import MatatikaSession, SessionClosedError, Timeouts, TransportTimeoutError
from aiomatatika.testing import ControlledClock, MatatikaServer

from ..servers import API_KEYS, StuckClock, caught, get, session_at


@pytest.fixture
def remote(clock: ControlledClock) -> Iterator[MatatikaServer]:
    """A server in a thread of its own, so that the test can run loops."""
    with MatatikaServer.in_thread(clock=clock) as server:
        yield server


def aiohttp_session(session: MatatikaSession) -> aiohttp.ClientSession:
    """Return the aiohttp session of the running loop: nothing that is public leads there."""
    return session._client.state.connections._own[asyncio.get_running_loop()].http


async def test_connections_are_opened_on_first_use_and_kept(server: MatatikaServer, session: MatatikaSession) -> None:
    connections = session._client.state.connections
    assert not connections.was_forgotten
    await get(session)
    await get(session)
    assert connections.was_forgotten
    assert len({request.connection for request in server.requests}) == 1
    http = aiohttp_session(session)
    await asyncio.gather(session.close(), session.close())
    assert http.closed
    assert not connections.was_forgotten


async def test_a_call_whose_deadline_comes_before_a_free_connection_was_not_sent(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    gate = asyncio.Event()
    fault = server.faults.add(path=API_KEYS, delay=gate, times=None)
    calls = [asyncio.create_task(get(session)) for _ in range(100)]
    await fault.wait(100)
    error = await caught(get(session.with_options(timeouts=Timeouts(total=0.1))), TransportTimeoutError)
    assert (error.sent, error.attempts) == ("no", 0)
    gate.set()
    assert await asyncio.gather(*calls) == [200] * 100


def test_what_a_loop_closed_on_its_way_out_is_opened_anew(remote: MatatikaServer) -> None:
    async def shut_down_twice() -> None:
        async with remote.session() as session:
            for _ in range(2):
                assert await get(session) == 200
                http = aiohttp_session(session)
                await asyncio.get_running_loop().shutdown_asyncgens()
                assert http.closed
                warnings.simplefilter("ignore")  # the loop says that it is not to be used any more

    with warnings.catch_warnings():
        asyncio.run(shut_down_twice())


def test_one_loop_after_another_leaves_the_connections_of_the_last(remote: MatatikaServer) -> None:
    session = remote.session()
    for _ in range(3):
        assert asyncio.run(get(session)) == 200
    assert len(session._client.state.connections._own) == 1
    asyncio.run(session.close())


@pytest.mark.parametrize("waits", [False, True], ids=["for a response", "before a repeat"])
def test_closing_ends_the_calls_of_other_loops(remote: MatatikaServer, waits: bool) -> None:
    clock = StuckClock()
    session = session_at(remote.url, clock)
    fault = remote.faults.add(path=API_KEYS, **({"status": 503} if waits else {"delay": asyncio.Event()}))
    errors: list[BaseException] = []
    elsewhere = threading.Thread(target=lambda: errors.append(asyncio.run(caught(get(session)))))
    elsewhere.start()
    while not (clock.asleep.is_set() if waits else fault.hits):
        time.sleep(0.001)  # until another thread has come so far
    asyncio.run(session.close())
    elsewhere.join()
    assert [type(error) for error in errors] == [SessionClosedError]


async def test_a_borrowed_session_that_is_closed_says_so(server: MatatikaServer) -> None:
    http = aiohttp.ClientSession()
    session = server.session(http=http)
    fault = server.faults.add(path=API_KEYS, delay=asyncio.Event())
    call = asyncio.create_task(caught(get(session)))
    await fault.wait()
    await http.close()
    for error in (await call, await caught(get(session))):
        assert isinstance(error, SessionClosedError)
        assert "the aiohttp session given as http= is closed" in str(error)
    await session.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_does_not_speak_on_the_connections_that_it_inherits(remote: MatatikaServer) -> None:
    program = f"""
import asyncio, gc, os
from aiomatatika import BearerToken, Deployment, MatatikaSession

async def get():
    await session.request("GET", "/profiles")

session = MatatikaSession(BearerToken("a.b.c"), deployment=Deployment("{remote.url}/api"))
async def get_and_close():
    await get()
    await session.close()
    gc.collect()

with asyncio.Runner() as runner:
    runner.run(get())
    child = os.fork()
    if not child:
        asyncio.run(get_and_close())  # in a loop of its own: the inherited one shares its selector with the parent
        os._exit(0)
    assert os.waitpid(child, 0) == (child, 0)
    runner.run(get())
    runner.run(session.close())
"""
    remote.faults.add(path="/api/profiles", status=200, json={}, times=None)
    subprocess.run([sys.executable, "-W", "error", "-c", program], timeout=30, check=True)
    assert len({request.connection for request in remote.requests.api}) == 2
