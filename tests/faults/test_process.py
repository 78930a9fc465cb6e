"""X: loops, threads and copies: one session in places where it was not made."""

from __future__ import annotations

import asyncio
import copy
import gc
import itertools
import os
import pickle
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from aiomatatika import ApiKey, MatatikaSession
from aiomatatika.testing import ControlledClock, MatatikaServer

from .conftest import Witness, open_files, settled
from .every_error import BRIEF, TROUBLES, error_of

ROOT = Path(__file__).parent.parent.parent
AT_ONCE = 20


def resident() -> int:
    """Return the bytes of memory that this process has; 0 where nobody tells."""
    gc.collect()
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if status.exists() else 0


async def first(session: MatatikaSession) -> ApiKey | None:
    return await session.apikeys.list().first()


async def many(session: MatatikaSession) -> None:
    assert all(await asyncio.gather(*(first(session) for _ in range(AT_ONCE))))


async def in_a_loop_of_its_own(*steps: Any) -> None:
    """Run coroutines in another thread, each in a new event loop, while this one serves them."""

    def run() -> None:
        for step in steps:
            asyncio.run(step)

    await asyncio.to_thread(run)


async def test_X01_a_session_is_made_where_no_loop_runs(server: MatatikaServer) -> None:
    session = await asyncio.to_thread(server.session)  # as at import: this thread has no loop
    async with session:
        assert await first(session)


async def test_X02_one_session_under_two_runs_keeps_the_token_and_no_connection(server: MatatikaServer) -> None:
    session = server.session()
    await in_a_loop_of_its_own(first(session), first(session), session.close())
    assert len(server.requests.token) == 1
    assert len({request.connection for request in server.requests.api}) == 2


async def test_X03_a_session_that_was_contended_in_one_loop_works_in_the_next(server: MatatikaServer) -> None:
    session = server.session()
    await in_a_loop_of_its_own(many(session))
    server.revoke_tokens()
    await in_a_loop_of_its_own(many(session), session.close())
    assert len(server.requests.token) == 2


async def test_X04_two_loops_in_two_threads_share_a_session(server: MatatikaServer) -> None:
    session = server.session()
    both = threading.Barrier(2)

    async def together() -> None:
        both.wait()
        for _ in range(3):
            await many(session)

    await asyncio.gather(in_a_loop_of_its_own(together()), in_a_loop_of_its_own(together()))
    await session.close()
    assert len(server.requests.api) == 2 * 3 * AT_ONCE
    assert len(server.requests.token) <= 2


async def test_X06_a_session_does_not_copy_and_what_it_hands_out_does(server: MatatikaServer, witness: Witness) -> None:
    ways: list[Callable[[Any], Any]] = [pickle.dumps, copy.copy, copy.deepcopy]
    async with server.session() as session:
        for thing, way in itertools.product((session, session.with_options()), ways):
            with witness.raises(TypeError) as caught:
                way(thing)
            assert "share this one" in str(caught.value)
        new = await session.apikeys.create("new")
        assert copy.copy(new) == copy.deepcopy(new) == new
        restored = pickle.loads(pickle.dumps(new))  # our own
        assert attrs.evolve(restored, client_secret=new.client_secret) == new
        assert restored.links["profile"] == new.links["profile"]
        for name in TROUBLES:
            witness.saw(await error_of(name, session, server))  # in the end each is pickled and copied


def test_X09_the_suite_runs_with_every_warning_as_an_error() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["tool"]["pytest"]["ini_options"]["filterwarnings"] == ["error"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "$(BIN)/python -X dev\n" in makefile
    assert "$(DEVELOPMENT) -m coverage run -m pytest" in makefile


async def test_X12_memory_tasks_and_files_stay_flat(server: MatatikaServer, clock: ControlledClock) -> None:
    """A small soak: troubles of every kind among good calls, and thirty tokens that end."""
    server.requests.limit = 100
    files, tasks = await settled()
    async with server.session() as session:

        async def a_while(days: int) -> None:
            for day in range(days):
                clock.advance(86_400)
                await many(session)
                await error_of(BRIEF[day % len(BRIEF)], session, server)
                # A connection has two ends here and a task that serves it; one more fetches tokens, in another task.
                assert open_files() - files <= 2 * (AT_ONCE + 1)
                assert len(asyncio.all_tasks()) - tasks <= AT_ONCE + 2

        await a_while(len(BRIEF))
        memory = resident()
        await a_while(30)
        assert resident() - memory < 4 * 2**20
