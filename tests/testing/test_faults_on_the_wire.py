"""Faults of time and connection: responses that come late, slowly, cut or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from aiomatatika.testing import MatatikaServer, RecordedRequest

from .conftest import PlainClient, complaints

KEYS = "/api/apikeys"
BODY = b'{"name":"x"}'


def new_key() -> str:
    return f"{KEYS}/{uuid4()}"


# Late, slow and endless


async def test_late_until_the_test_says_so_and_acting_before(server: MatatikaServer, client: PlainClient) -> None:
    release = asyncio.Event()
    fault = server.faults.add(delay=release)
    call = asyncio.create_task(client.put(new_key(), {"name": "x"}))
    await fault.wait()
    await asyncio.sleep(0)
    assert len(server.api_keys) == 2
    assert (call.done(), server.requests[-1].status) == (False, None)
    release.set()
    assert (await call).status == 201


async def test_late_or_slow_by_real_seconds(server: MatatikaServer, client: PlainClient) -> None:
    loop = asyncio.get_running_loop()
    expected = (await client.get("/api/profiles")).body
    for fault, seconds in (({"delay": 0.1}, 0.1), ({"drip": 0}, 0.0), ({"drip": 0.0002}, len(expected) * 0.0002)):
        server.faults.add(**fault)
        began = loop.time()
        got = await client.get("/api/profiles")
        assert loop.time() - began >= seconds * 0.9
        assert (got.body, got.headers["Content-Length"]) == (expected, str(len(expected)))


@pytest.mark.parametrize("fault", [{"drip": 0.01}, {"raw": b"HTTP/1.1 200 OK\r\n" * 50, "drip": 0.002}, {"delay": 0.1}])
async def test_a_client_that_leaves_meanwhile_is_no_news(
    server: MatatikaServer, client: PlainClient, caplog: pytest.LogCaptureFixture, fault: dict[str, Any]
) -> None:
    server.faults.add(**fault)
    with pytest.raises(TimeoutError):
        await client.send("GET", KEYS, timeout=aiohttp.ClientTimeout(total=0.04))
    assert (await client.get(KEYS)).status == 200
    await asyncio.sleep(0.1)
    assert not complaints(caplog)


async def test_an_endless_body(server: MatatikaServer, client: PlainClient) -> None:
    closed = asyncio.Event()

    async def endless(request: RecordedRequest) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 1000
        finally:
            closed.set()

    server.faults.add(body=endless)
    headers = {"Authorization": f"Bearer {client.token}"}
    async with aiohttp.ClientSession() as http, http.get(server.url + KEYS, headers=headers) as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert len(await response.content.readexactly(1_000_000)) == 1_000_000
    async with asyncio.timeout(10):
        await closed.wait()


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
    server.faults.add(status=502, json={"a": 1}, cut_after=0)
    assert (await client.raw("GET", KEYS)).endswith(b"Content-Length: 7\r\n\r\n")


async def test_cut_beyond_the_end_is_a_connection_that_closes_without_warning(
    server: MatatikaServer, client: PlainClient
) -> None:
    server.faults.add(cut_after=10**6)
    first = await client.get(KEYS)
    assert first.document["page"]
    assert "Connection" not in first.headers
    server.faults.add(status=500)
    server.faults.add(drip=0)
    assert [(await client.get(KEYS)).status for _ in range(4)] == [500, 200, 200, 200]
    closed, *kept = (request.connection for request in server.requests)
    assert len(set(kept)) == 1
    assert closed != kept[0]


@pytest.mark.parametrize(
    "fault, keys", [({"drop": "before"}, 1), ({"drop": "after"}, 2), ({"raw": b"", "act": False}, 1)]
)
async def test_dropped_before_or_after_acting(
    server: MatatikaServer, client: PlainClient, fault: dict[str, Any], keys: int
) -> None:
    server.faults.add(method="PUT", **fault)
    assert await client.raw("PUT", new_key(), BODY) == b""
    assert len(server.api_keys) == keys
    assert (server.requests[-1].status, server.requests[-1].body) == (None, BODY)


@pytest.mark.parametrize("fault", [{"drop": "before"}, {"drop": "after"}, {"cut_after": 5}, {"raw": b"x"}])
async def test_ended_by_a_reset(server: MatatikaServer, client: PlainClient, fault: dict[str, Any]) -> None:
    server.faults.add(reset=True, **fault)
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
    assert await client.raw("PUT", new_key(), BODY) == raw
    assert server.requests[-1].status is None
    assert len(server.api_keys) == 2
