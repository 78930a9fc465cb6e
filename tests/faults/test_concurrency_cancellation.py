"""C: cancelled anywhere, failed in any way, a call leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import attrs
import pytest

from aiomatatika import MatatikaSession, SecretDeliveryError, SessionClosedError
from aiomatatika.testing import MatatikaServer

from ..cancellation import interrupted_everywhere
from .conftest import Witness, open_files, settled
from .every_call import CALLS, public_coroutines
from .every_error import TROUBLES, error_of
from .wires import wire

ALIAS = "app.matatika.com"


async def carry_in_pieces(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry a part of the head, then the rest of it, then the body: a call waits for each."""
    while data := await reader.read(2**16):
        head = data.find(b"\r\n\r\n") + 4
        for piece in (data[:20], data[20:head], data[head : head + 20], data[head + 20 :]):
            writer.write(piece)
            await writer.drain()
            for _ in range(5):
                await asyncio.sleep(0)


@pytest.fixture
async def server(witness: Witness) -> AsyncIterator[MatatikaServer]:
    """A server that can be reached by another port than its own: its links name an alias."""
    async with MatatikaServer(alias_host=ALIAS) as server:
        witness.servers.append(server)
        yield server


def connections_in_use(session: MatatikaSession) -> int:
    """Return how many places of the pool are taken: nothing that is public tells."""
    own = session._client.state.connections._own.values()
    return sum(len(each.http.connector._acquired) for each in own if each.http.connector)


async def back_to(before: tuple[int, int]) -> bool:
    """Wait until open files and tasks are what they were: the wire, and threads that close files, take their turns."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            while await settled() != before:
                await asyncio.sleep(0.001)
            return True
    return False


def through(port: int, server: MatatikaServer) -> MatatikaSession:
    api, token = f"http://127.0.0.1:{port}/api", f"http://127.0.0.1:{port}/oauth/token"
    deployment = attrs.evolve(server.deployment, api_url=api, token_url=token)
    return server.session(deployment=deployment)


@pytest.mark.parametrize("name", CALLS)
async def test_C11_cancelled_at_every_suspension(server: MatatikaServer, witness: Witness, name: str) -> None:
    server.add_api_keys(3)
    async with wire(server.url, carry_in_pieces) as line:
        before = await settled()
        interruptions = 0
        async for session, ending in interrupted_everywhere(
            lambda: through(line.port, server), lambda session: CALLS[name](session, server)
        ):
            interruptions += 1
            assert isinstance(ending.error, asyncio.CancelledError), ending
            witness.saw(ending.error)
            if not session.closed:
                assert await session.apikeys.list().first()
                assert connections_in_use(session) == 0
            await session.close()
            assert await back_to(before)
        assert await back_to(before)
        assert interruptions >= 3


@pytest.mark.parametrize("name", CALLS)
async def test_C07_closed_at_every_suspension(server: MatatikaServer, witness: Witness, name: str) -> None:
    server.add_api_keys(3)
    async with wire(server.url, carry_in_pieces) as line:
        before = await settled()
        closings: list[asyncio.Task[None]] = []

        def close(session: MatatikaSession) -> Callable[[], object]:
            return lambda: closings.append(asyncio.get_running_loop().create_task(session.close()))

        async for _, ending in interrupted_everywhere(
            lambda: through(line.port, server), lambda session: CALLS[name](session, server), close
        ):
            async with asyncio.timeout(5):
                await asyncio.gather(*closings)
            witness.saw(ending.error)
            # A key that was made before the end is not lost; a call that had its answer may end well.
            assert ending.error is None or isinstance(ending.error, SessionClosedError | SecretDeliveryError)
            assert await back_to(before)
        assert len(closings) >= 3


def test_C11_counts_every_public_coroutine() -> None:
    assert {name.split()[0] for name in CALLS} >= public_coroutines()


async def test_C14_no_error_keeps_a_connection(server: MatatikaServer, witness: Witness) -> None:
    async with server.session() as session:
        await session.apikeys.list().first()
        files = open_files()
        for _ in range(5):
            for name in TROUBLES:
                witness.saw(await error_of(name, session, server))
                assert connections_in_use(session) == 0, name
            assert await session.apikeys.list().first()
            await settled()
            assert open_files() == files
