"""X: loops, threads and copies: one session in places where it was not made."""

from __future__ import annotations

import asyncio
import copy
import pickle
import tomllib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aiomatatika import ApiKey, ClientCredentials, Collection, MatatikaSession, Secret
from aiomatatika.testing import MatatikaServer

from .conftest import Witness, open_files, settled
from .every_error import TROUBLES, error_of

ROOT = Path(__file__).parent.parent.parent


async def first(session: MatatikaSession) -> ApiKey | None:
    return await session.apikeys.list().first()


async def many(session: MatatikaSession) -> None:
    assert all(await asyncio.gather(*(first(session) for _ in range(20))))


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
    await in_a_loop_of_its_own(many(session), many(session), session.close())
    server.revoke_tokens()
    session = server.session()
    await in_a_loop_of_its_own(many(session))
    server.revoke_tokens()
    await in_a_loop_of_its_own(many(session), session.close())


async def test_X04_two_loops_in_two_threads_share_a_session(server: MatatikaServer) -> None:
    session = server.session()
    both = threading.Barrier(2)

    async def together() -> None:
        both.wait()
        for _ in range(5):
            await many(session)

    await asyncio.gather(in_a_loop_of_its_own(together()), in_a_loop_of_its_own(together()))
    await session.close()
    assert len(server.requests.api) == 200
    assert len(server.requests.token) <= 2


@pytest.mark.parametrize("how", [pickle.dumps, copy.copy, copy.deepcopy])
async def test_X06_a_session_does_not_copy(
    server: MatatikaServer, witness: Witness, how: Callable[[object], object]
) -> None:
    async with server.session() as session:
        await first(session)
        for thing in (session, session.with_options()):
            with witness.raises(TypeError) as caught:
                how(thing)
            assert "share this one" in str(caught.value)
        key = await first(session)
        assert copy.copy(key) == copy.deepcopy(key) == key
