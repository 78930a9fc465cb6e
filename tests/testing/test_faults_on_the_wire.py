"""Faults of time and connection: answers that come late, slowly, cut or not at all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from aiomatatika.testing import MatatikaServer, RecordedRequest

from .conftest import PlainClient, complaints

KEYS = "/api/apikeys"


def new_key() -> tuple[str, bytes]:
    return f"{KEYS}{uuid4()}", b'{"name":"x"}'


# Late, slow and endless


async def test_late_by_seconds_and_acting_before(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(delay=0.2)
    path, _ = new_key()
    began = time.monotonic()
    call = asyncio.create_task(client.put(path, {"name": "x"}))
    while len(server.api_keys) < 2:
        await asyncio.sleep(0.005)
    assert not call.done()
    assert server.requests[-1].status is None
    assert (await call).status == 201
    assert time.monotonic() - began >= 0.19


async def test_late_until_the_test_says_so(server: MatatikaServer, client: PlainClient) -> None:
    go = asyncio.Event()
    fault = server.faults.add(status=503, delay=go)
    call = asyncio.create_task(client.get(KEYS))
    await fault.wait()
    await asyncio.sleep(0.02)
    assert not call.done()
    go.set()
    assert (await call).status == 503


async def test_byte_by_byte(server: MatatikaServer, client: PlainClient) -> None:
    expected = (await client.get("/api/profiles")).body
    server.faults.add(drip=0)
    got = await client.get("/api/profiles")
    assert got.body == expected
    assert got.headers["Content-Length"] == str(len(expected))
    server.faults.add(body=b"1234", drip=0.02)
    began = time.monotonic()
    assert (await client.get(KEYS)).body == b"1234"
    assert time.monotonic() - began >= 0.06


async def test_a_client_that_tires_of_a_dripping_body(
    server: MatatikaServer, client: PlainClient, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.add(drip=0.01, times=None)
    with pytest.raises(TimeoutError):
        await client.send("GET", KEYS, timeout=aiohttp.ClientTimeout(total=0.05))
    server.faults.clear()
    assert (await client.get(KEYS)).status == 200
    await asyncio.sleep(0.05)
    assert not complaints(caplog)


async def test_a_body_without_end(server: MatatikaServer, client: PlainClient) -> None:
    closed = []

    async def endless(request: RecordedRequest) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 1000
        finally:
            closed.append(request.path)

    server.faults.add(body=endless)
    headers = {"Authorization": f"Bearer {client.token}"}
    async with aiohttp.ClientSession() as http, http.get(server.url + KEYS, headers=headers) as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert len(await response.content.readexactly(1_000_000)) == 1_000_000
    async with asyncio.timeout(5):
        while not closed:
            await asyncio.sleep(0.01)


async def test_a_body_in_pieces_that_ends(server: MatatikaServer, client: PlainClient) -> None:
    class Pieces:
        left = 3

        def __aiter__(self) -> Pieces:
            return self

        async def __anext__(self) -> bytes:
            if not self.left:
                raise StopAsyncIteration
            self.left -= 1
            return b"ab"

    server.faults.add(body=lambda request: Pieces())
    assert (await client.get(KEYS)).body == b"ababab"


# Connections that end


async def test_cut_after_so_many_bytes_of_the_body(server: MatatikaServer, client: PlainClient) -> None:
    whole = (await client.get(KEYS)).body
    server.faults.add(cut_after=10)
    head, _, body = (await client.raw("GET", KEYS)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert f"Content-Length: {len(whole)}".encode() in head
    assert b"\r\nDate: " in head
    assert body == whole[:10]
    assert server.requests[-1].status == 200


async def test_cut_before_the_first_byte_of_the_body(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(status=502, json={"a": 1}, cut_after=0)
    assert (await client.raw("GET", KEYS)).endswith(b"Content-Length: 7\r\n\r\n")


async def test_cutting_acts(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(method="PUT", cut_after=300)
    assert (await client.raw("PUT", *new_key())).startswith(b"HTTP/1.1 201 Created")
    assert len(server.api_keys) == 2


async def test_cut_beyond_the_end_is_a_connection_that_closes_unannounced(
    server: MatatikaServer, client: PlainClient
) -> None:
    server.faults.add(cut_after=10**6)
    first = await client.get(KEYS)
    assert first.document["page"]
    assert "Connection" not in first.headers
    assert (await client.get(KEYS)).status == 200
    assert server.requests[0].connection != server.requests[1].connection


async def test_a_kept_connection_is_used_again(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(status=500)
    server.faults.add(drip=0)
    for _ in range(4):
        await client.get(KEYS)
    assert len({request.connection for request in server.requests}) == 1


@pytest.mark.parametrize("drop, keys", [("before", 1), ("after", 2)])
async def test_dropped_before_or_after_acting(
    server: MatatikaServer, client: PlainClient, drop: Any, keys: int
) -> None:
    server.faults.add(method="PUT", drop=drop)
    assert await client.raw("PUT", *new_key()) == b""
    assert len(server.api_keys) == keys
    assert server.requests[-1].status is None
    assert server.requests[-1].body == b'{"name":"x"}'


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_dropped_by_a_reset(server: MatatikaServer, client: PlainClient, drop: Any) -> None:
    server.faults.add(drop=drop, reset=True)
    with pytest.raises(ConnectionResetError):
        await client.raw("GET", KEYS)


async def test_cut_by_a_reset(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(cut_after=5, reset=True)
    with pytest.raises(ConnectionResetError):
        await client.raw("GET", KEYS)


@pytest.mark.parametrize("drip", [None, 0])
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 201 Crea",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    ],
)
async def test_exactly_these_bytes(server: MatatikaServer, client: PlainClient, raw: bytes, drip: float | None) -> None:
    server.faults.add(raw=raw, drip=drip)
    assert await client.raw("PUT", *new_key()) == raw
    assert server.requests[-1].status is None
    assert len(server.api_keys) == 2


async def test_raw_bytes_without_acting(server: MatatikaServer, client: PlainClient) -> None:
    server.faults.add(raw=b"HTTP/1.1 200 OK\r\n\r\n", act=False)
    await client.raw("PUT", *new_key())
    assert len(server.api_keys) == 1


async def test_a_client_that_leaves_while_raw_bytes_drip(
    server: MatatikaServer, client: PlainClient, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.add(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" + b"x" * 50, drip=0.002)
    with pytest.raises(TimeoutError):
        await client.send("GET", KEYS, timeout=aiohttp.ClientTimeout(total=0.03))
    await asyncio.sleep(0.05)
    assert not complaints(caplog)
