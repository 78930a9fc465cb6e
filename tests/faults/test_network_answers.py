"""N, the second part: connections that die, damage or drag what goes through them."""

from __future__ import annotations

import asyncio
import gzip
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from aiomatatika import (
    Deployment,
    MatatikaSession,
    NewApiKey,
    ResponseError,
    Timeouts,
    TransportTimeoutError,
)
from aiomatatika.testing import MatatikaServer

from ..servers import OrderedClock
from .conftest import Witness, call
from .wires import Wire, wire


def methods(server: MatatikaServer) -> list[str]:
    return [request.method for request in server.requests.api]


def through(line: Wire, server: MatatikaServer) -> MatatikaSession:
    """Return a session that reaches the server through a wire alone."""
    url = f"http://127.0.0.1:{line.port}"
    root = server.deployment.api_url
    return server.session(deployment=Deployment(f"{url}/api", token_url=f"{url}/oauth/token", audience=root))


# Connections kept alive


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
async def test_N06_a_stale_connection_is_not_seen_by_the_caller_of_a_get(server: MatatikaServer, reset: bool) -> None:
    async with server.session() as session:
        await call(session)
        server.drop_connections(reset=reset)
        await call(session)
    assert methods(server) == ["GET", "GET"]


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
async def test_N07_a_stale_connection_never_makes_two_of_a_creating_put(server: MatatikaServer, reset: bool) -> None:
    async with server.session() as session:
        draft = await session.apikeys.initialise()
        server.drop_connections(reset=reset)
        new = await session.apikeys.create("new", draft=draft)
    assert methods(server).count("PUT") == 1
    assert server.api_keys[draft.id].credentials == new.credentials


async def test_N22_a_network_that_changed_wastes_one_attempt_of_each_connection(witness: Witness) -> None:
    clock, gate = OrderedClock(), asyncio.Event()
    async with MatatikaServer(clock=clock) as server, server.session() as session:
        witness.servers.append(server)
        fault = server.faults.add(path="/api/profiles", delay=gate, times=100)
        calls = asyncio.gather(*(call(session) for _ in range(100)))
        await fault.wait(100)
        gate.set()
        await calls
        assert len({request.connection for request in server.requests.api}) == 100
        server.drop_connections(reset=True)
        assert await clock.gather(*(call(session) for _ in range(100))) == [None] * 100
    assert len(server.requests.api) == 200
    assert clock.sleeps


# Responses that are lost or damaged

CALLS: dict[str, Callable[[MatatikaSession, UUID], Awaitable[object]]] = {
    "GET": lambda session, key: session.apikeys.get(key),
    "DELETE": lambda session, key: session.apikeys.delete(key),
    "updating PUT": lambda session, key: session.apikeys.update(key, name="new name"),
    "POST": lambda session, _: session.apikeys.initialise(),
    "creating PUT": lambda session, _: session.apikeys.create("new"),
}


async def lost(server: MatatikaServer, name: str, fault: dict[str, Any]) -> None:
    """Lose the first response to a method, and look at what becomes of the call."""
    (key,) = server.add_api_keys(1)
    server.clock.advance(60)  # type: ignore[attr-defined]  # a ControlledClock; else the key may be of this call
    method = name.rsplit(maxsplit=1)[-1]
    server.faults.add(method=method, path="/api/*", **fault)
    async with server.session() as session:
        outcome = await CALLS[name](session, key)
    if isinstance(outcome, NewApiKey):
        assert methods(server)[:3] == ["POST", "PUT", "GET"], "no second PUT before it is known what came of it"
        assert server.api_keys[outcome.id].credentials == outcome.credentials
        assert len(server.api_keys) == 3, "no orphan"
    else:
        assert methods(server) == [method] * 2
    assert (key in server.api_keys) is (method != "DELETE")


@pytest.mark.parametrize("drop", ["before", "after"])
@pytest.mark.parametrize("name", CALLS)
async def test_N08_a_reset_after_the_request_is_a_lost_response(server: MatatikaServer, name: str, drop: str) -> None:
    await lost(server, name, {"drop": drop, "reset": True})


@pytest.mark.parametrize("act", [False, True], ids=["before acting", "after acting"])
@pytest.mark.parametrize("name", CALLS)
async def test_N09_half_a_status_line_is_a_lost_response(server: MatatikaServer, name: str, act: bool) -> None:
    await lost(server, name, {"raw": b"HTTP/1.1 201 Crea", "act": act})


async def test_N10_a_body_that_is_cut_is_asked_for_once_more(server: MatatikaServer, witness: Witness) -> None:
    key = server.default_key_id
    server.faults.add(method="GET", cut_after=100, times=3)
    async with server.session() as session:
        with witness.raises(ResponseError) as caught:
            await session.apikeys.get(key)
        assert (caught.value.status, caught.value.attempts) == (200, 2)
        assert (await session.apikeys.get(key)).id == key
    assert methods(server) == ["GET"] * 4


WHOLE = gzip.compress(b'{"name":"whole"}')


@pytest.mark.parametrize(
    "body",
    [b"PK" + WHOLE[2:], WHOLE[:-8] + bytes(4) + WHOLE[-4:], WHOLE[:15]],
    ids=["wrong magic", "wrong checksum", "cut in the middle"],
)
async def test_N12_damaged_gzip_is_no_response(server: MatatikaServer, witness: Witness, body: bytes) -> None:
    server.faults.add(path="/api/profiles", status=200, headers={"Content-Encoding": "gzip"}, body=body, times=2)
    async with server.session() as session:
        with witness.raises(ResponseError):
            await session.follow("/api/profiles")
    assert 1 <= len(server.requests.api) <= 2


async def test_N12_gzip_without_its_trailer_is_whole_where_its_json_is(server: MatatikaServer) -> None:
    server.faults.add(path="/api/profiles", status=200, headers={"Content-Encoding": "gzip"}, body=WHOLE[:-8])
    async with server.session() as session:
        assert (await session.request("GET", "/profiles")).json() == {"name": "whole"}


# Slow and chopped


async def carry_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Each packet takes 30 ms, give or take 10: a hundredth of what the worst networks do."""
    dice = random.Random(13)
    while data := await reader.read(2**16):
        await asyncio.sleep(dice.uniform(0.02, 0.04))
        writer.write(data)


async def carry_sliced(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Each byte is a segment of its own, and some come a little later."""
    dice = random.Random(15)
    while data := await reader.read(2**16):
        for index in range(len(data)):
            writer.write(data[index : index + 1])
            for _ in range(dice.randrange(3)):
                await asyncio.sleep(0)


async def test_N13_latency_repeats_nothing(server: MatatikaServer) -> None:
    async with wire(server.url, carry_late) as line, through(line, server) as session:
        new = await session.apikeys.create("new")
        assert await session.apikeys.get(new) == await session.apikeys.get(new.id)
        await session.apikeys.delete(new)
    assert methods(server) == ["POST", "PUT", "GET", "GET", "DELETE"]
    assert len(server.requests.token) == 1


@pytest.mark.parametrize("where", ["head", "body"])
async def test_N14_a_drip_ends_by_the_deadline(server: MatatikaServer, witness: Witness, where: str) -> None:
    async def drops() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.01)

    if where == "body":
        server.faults.add(path="/api/profiles", status=200, body=lambda _: drops())
    else:
        server.faults.add(path="/api/profiles", raw=b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1_000, drip=0.01)
    async with server.session(timeouts=Timeouts(read=0.1, total=0.3)) as session:
        with witness.raises(TransportTimeoutError, within=0.3) as caught:
            await call(session)
        assert (caught.value.sent, caught.value.attempts) == ("maybe", 1)
        await call(session)


async def test_N15_a_response_in_slices_is_the_same_response(server: MatatikaServer) -> None:
    async with server.session() as session:
        whole = await session.apikeys.get(server.default_key_id)
    async with wire(server.url, carry_sliced) as line, through(line, server) as session:
        sliced = await session.apikeys.get(server.default_key_id)
    assert sliced == whole
    assert (sliced.links, sliced.extra) == (whole.links, whole.extra)


# The pool


async def test_N21_a_pool_that_runs_dry_makes_the_next_call_wait_no_longer_than_its_deadline(
    server: MatatikaServer, witness: Witness
) -> None:
    gate = asyncio.Event()
    fault = server.faults.add(path="/api/profiles", delay=gate, times=100)
    async with server.session() as session:
        hanging = asyncio.gather(*(call(session) for _ in range(100)))
        await fault.wait(100)
        with witness.raises(TransportTimeoutError, within=0.3) as caught:
            await call(session.with_options(timeouts=Timeouts(total=0.3)))
        assert caught.value.sent == "no"
        assert len(server.requests.api) == 100
        gate.set()
        await hanging
        await call(session)
    assert len(server.requests.api) == 101
