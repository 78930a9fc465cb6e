"""N, the third part: outages, and what they leave behind."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from aiomatatika import (
    ApiKey,
    Deployment,
    MatatikaSession,
    ResponseError,
    Timeouts,
    TransportError,
    TransportTimeoutError,
)
from aiomatatika.testing import ControlledClock, MatatikaServer

from ..servers import OrderedClock, listening
from .conftest import Witness, call, failure
from .test_network import KEY, Names, borrowed
from .test_network_answers import methods, through
from .wires import raw_server, session_at, wire

PROFILES = "/api/profiles"
NOWHERE = "https://nowhere.example"
CALLS_THAT_CHANGE: dict[str, Callable[[MatatikaSession], Awaitable[object]]] = {
    "update": lambda session: session.apikeys.update(KEY, name="new name"),
    "create": lambda session: session.apikeys.create("new"),
    "create (draft)": lambda session: session.apikeys.create("new", draft=ApiKey(id=KEY)),
}


@pytest.mark.parametrize("own", [True, False], ids=["100 places of our own", "5 borrowed places"])
async def test_N23_calls_that_wait_for_a_free_connection_have_not_failed(
    server: MatatikaServer, clock: ControlledClock, own: bool
) -> None:
    places = 100 if own else 5
    gate = asyncio.Event()
    fault = server.faults.add(path=PROFILES, delay=gate, times=places)
    limited = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=places))
    async with limited as http, server.session(http=None if own else http, timeouts=Timeouts(connect=1)) as session:
        calls = [asyncio.create_task(call(session)) for _ in range(4 * places)]
        await fault.wait(places)
        await asyncio.sleep(1.1)  # more than a connection may take
        gate.set()
        await asyncio.gather(*calls)
    assert len(server.requests.api) == 4 * places
    assert clock.sleeps == []


@contextlib.asynccontextmanager
async def breaking(size: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Answer with a head, and a little later with a chunk of an impossible size; then keep the connection open."""
    requests: list[bytes] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append((await reader.readuntil(b"\r\n\r\n")).partition(b" ")[0])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(size + b"\r\n{}\r\n")
        with contextlib.suppress(OSError):
            await reader.read()
        writer.close()

    async with listening(converse) as port:
        yield f"http://127.0.0.1:{port}", requests


@pytest.mark.parametrize("size", [b"ZZ", b"-5", b"F" * 20], ids=["no number", "negative", "huge"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_N24_framing_that_breaks_after_the_head_ends_the_wait(witness: Witness, method: str, size: bytes) -> None:
    async with breaking(size) as (url, requests), session_at(url, timeouts=Timeouts(read=0.2)) as session:
        with witness.raises(ResponseError, within=1) as caught:
            await session.request(method, "/profiles")
    assert caught.value.status == 200
    assert requests == [method.encode()] * (2 if method == "GET" else 1)


async def test_N24_the_token_endpoints_framing_too(server: MatatikaServer, witness: Witness) -> None:
    async with breaking(b"ZZ") as (url, _):
        deployment = Deployment(server.deployment.api_url, token_url=f"{url}/oauth/token")
        session = server.session(deployment=deployment, timeouts=Timeouts(read=0.2))
        await failure(session, witness, ResponseError, match="the body stopped coming|incomplete", within=1)


@pytest.mark.parametrize("how", ["refused", "503"])
@pytest.mark.parametrize("seed", range(3))
async def test_N25_an_API_that_is_away_for_3_s(witness: Witness, how: str, seed: int) -> None:
    dice, clock = random.Random(seed), OrderedClock()
    async with MatatikaServer(clock=clock) as server, server.session() as session:
        witness.servers.append(server)
        await call(session)
        clock.random = dice.random  # type: ignore[method-assign]  # a fleet does not throw the same dice

        async def outage() -> None:
            if how == "503":
                server.faults.add(path=PROFILES, status=503, times=None)
            else:
                await server.close()
            await clock.sleep(3)
            server.faults.clear()
            if how == "refused":
                await server.start()

        async def begun_later(seconds: float) -> None:
            await clock.sleep(seconds)
            await call(session)

        moments = (dice.uniform(0, 3) for _ in range(100))
        outcomes = await clock.gather(outage(), *map(begun_later, moments))
    assert outcomes == [None] * 101


async def test_N26_connections_that_a_fail_over_killed_cost_each_call_one_attempt(server: MatatikaServer) -> None:
    generation = itertools.count()
    current = next(generation)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry what is sent on a connection until there was a fail-over; it shows when something is sent."""
        born = current
        while data := await reader.read(2**16):
            if born != current:
                raise ConnectionResetError
            writer.write(data)
            await writer.drain()

    gate = asyncio.Event()
    fault = server.faults.add(path=PROFILES, delay=gate, times=20)
    async with wire(server.url, carry) as line, through(line, server) as session:
        calls = asyncio.gather(*(call(session) for _ in range(20)))
        await fault.wait(20)
        gate.set()
        await calls
        current = next(generation)
        for _ in range(5):
            await call(session)
        new = await session.apikeys.create("new")
        again = await session.apikeys.create("again", draft=await session.apikeys.initialise())
        await call(session)
    assert methods(server) == ["GET"] * 25 + ["POST", "PUT"] * 2 + ["GET"]
    assert server.api_keys[new.id].credentials == new.credentials
    assert server.api_keys[again.id].credentials == again.credentials


@pytest.mark.parametrize("name", CALLS_THAT_CHANGE)
async def test_N27_no_connection_under_a_short_deadline(witness: Witness, name: str) -> None:
    witness.secrets.add("canary-token")
    timeouts = Timeouts(total=0.5, connect=10)
    async with borrowed(Names(hang=True)) as http, session_at(NOWHERE, http=http, timeouts=timeouts) as session:
        with witness.raises(TransportTimeoutError, within=0.5) as caught:
            await CALLS_THAT_CHANGE[name](session)
    assert caught.value.sent == "no"


@pytest.mark.parametrize("own", [True, False], ids=["own session", "borrowed session"])
@pytest.mark.parametrize("kib", [9, 60, 80])
async def test_N28_long_headers(server: MatatikaServer, witness: Witness, own: bool, kib: int) -> None:
    server.faults.add(path=PROFILES, headers={"Content-Security-Policy": "a" * (kib * 2**10)}, times=2)
    async with aiohttp.ClientSession() as http, server.session(http=None if own else http) as session:
        if kib < 64:
            await call(session)
        else:
            await failure(session, witness, TransportError, match="a header of the response is longer than 64 KiB")


async def test_N28_many_headers_are_no_long_header(witness: Witness) -> None:
    head = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(1_000)) + b"Content-Length: 2\r\n\r\n{}"
    async with raw_server(head) as raw:
        await failure(session_at(raw.url), witness, TransportError, match="not valid HTTP")
