"""Connections: one aiohttp session for each event loop, a borrowed one, none across a fork."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator

import aiohttp
import pytest

from aiomatatika import MatatikaSession, SessionClosedError
from aiomatatika.testing import ControlledClock, MatatikaServer

from ..servers import API_KEYS, KEYS, StuckClock, caught, get, session_at


@contextlib.contextmanager
def running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Give a loop that runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(loop.shutdown_asyncgens(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def remote(clock: ControlledClock) -> Iterator[MatatikaServer]:
    """A server in a thread of its own, so that the test can run loops."""
    server = MatatikaServer(clock=clock)
    with running_loop() as loop:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(5)
        yield server
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(5)


def aiohttp_session(session: MatatikaSession) -> aiohttp.ClientSession:
    """Return the aiohttp session of the running loop: nothing that is public leads there."""
    return session._client.state.connections._own[asyncio.get_running_loop()][0]


# Its own


async def test_connections_are_opened_on_first_use_and_kept(server: MatatikaServer, session: MatatikaSession) -> None:
    assert not session._client.state.connections.was_forgotten
    await get(session)
    assert session._client.state.connections.was_forgotten
    await get(session)
    assert len({request.connection for request in server.requests}) == 1
    http = aiohttp_session(session)
    await asyncio.gather(session.close(), session.close())
    assert http.closed
    assert not session._client.state.connections.was_forgotten




# Several loops




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




@pytest.mark.parametrize("waits", [False, True], ids=["for a response", "before a repeat"])
def test_closing_ends_the_calls_of_other_loops(remote: MatatikaServer, waits: bool) -> None:
    clock = StuckClock()
    session = session_at(remote.url, clock)
    fault = remote.faults.add(path=API_KEYS, **({"status": 503} if waits else {"delay": asyncio.Event()}))
    with running_loop() as elsewhere:
        call = asyncio.run_coroutine_threadsafe(get(session), elsewhere)
        while not (clock.asleep.is_set() if waits else fault.hits):
            time.sleep(0.001)  # until another thread has come so far
        asyncio.run(session.close())
        with pytest.raises(SessionClosedError):
            call.result(5)


def test_a_loop_that_was_left_with_a_call_in_flight_does_not_keep_a_session_from_closing(
    remote: MatatikaServer,
) -> None:
    session = remote.session()
    fault = remote.faults.add(path=API_KEYS, delay=asyncio.Event())
    loop = asyncio.new_event_loop()

    async def begin() -> asyncio.Task[int]:
        task = asyncio.get_running_loop().create_task(get(session))
        while not fault.hits:
            await asyncio.sleep(0)
        return task

    task = loop.run_until_complete(begin())
    asyncio.run(session.close())  # the other loop stands still
    assert session.closed
    task.cancel()
    loop.run_until_complete(asyncio.wait({task}))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


# Borrowed




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


# Processes


def python(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own: what happens to one shows nowhere else."""
    return subprocess.run(
        [sys.executable, "-W", "default", "-c", script], capture_output=True, text=True, timeout=30, check=False
    )




@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_does_not_speak_on_the_connections_of_a_loop_that_it_inherits() -> None:
    outcome = python("""
import asyncio, gc, os, threading, warnings
from aiomatatika.testing import MatatikaServer

warnings.simplefilter("error")
warnings.simplefilter("ignore", DeprecationWarning)  # the server's thread does not matter to the child

async def get(session):
    assert (await session.request("GET", "/apikeys")).status == 200

async def in_the_child(session):
    await get(session)
    await session.close()

server, remote = MatatikaServer(), asyncio.new_event_loop()
threading.Thread(target=remote.run_forever, daemon=True).start()
asyncio.run_coroutine_threadsafe(server.start(), remote).result(5)
session = server.session()
with asyncio.Runner() as runner:
    runner.run(get(session))
    child = os.fork()
    if not child:
        try:
            runner.run(in_the_child(session))  # on the loop that it inherits
            gc.collect()
        except BaseException as error:
            print("child:", repr(error))
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0) == (child, 0)
    runner.run(asyncio.wait_for(get(session), 5))
    parents, childs, parents_again = [request.connection for request in server.requests.api]
    assert parents == parents_again != childs
    runner.run(session.close())
asyncio.run_coroutine_threadsafe(server.close(), remote).result(5)
""")
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")


@pytest.mark.parametrize("where", ["", "global session"], ids=["a local", "a global"])
def test_forgetting_to_close_is_one_warning_and_nothing_else(where: str) -> None:
    outcome = python(f"""
import asyncio
from aiomatatika.testing import MatatikaServer

async def main():
    {where}
    async with MatatikaServer() as server:
        session = server.session()
        await session.request("GET", "{KEYS}")

asyncio.run(main())
""")
    assert outcome.returncode == 0
    assert outcome.stdout == ""
    assert outcome.stderr.count(": ResourceWarning: ") == 1  # one more line is a hint of Python's own
    assert ": ResourceWarning: <MatatikaSession http://127.0.0.1:" in outcome.stderr
    assert "was not closed: use 'async with' or await close()" in outcome.stderr
    assert "Traceback" not in outcome.stderr


