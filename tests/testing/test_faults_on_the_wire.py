"""Faults of time and connection: responses that come late, slowly, cut or not at all."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from aiomatatika.testing import RecordedRequest

from .conftest import PlainClient

KEYS = "/api/apikeys"
BODY = b'{"name":"x"}'


async def test_late_until_the_test_says_so_and_acting_before(client: PlainClient) -> None:
    fault = client.server.faults.add(delay=(release := asyncio.Event()))
    call = asyncio.create_task(client.put(f"{KEYS}/{uuid4()}", {"name": "x"}))
    await fault.wait()
    await asyncio.sleep(0)
    assert (len(client.server.api_keys), call.done(), client.server.requests[-1].status) == (2, False, None)
    release.set()
    assert (await call).status == 201


async def test_late_or_slow_by_real_seconds(client: PlainClient) -> None:
    loop = asyncio.get_running_loop()
    expected = (await client.get("/api/profiles")).body
    for fault, seconds in (({"delay": 0.1}, 0.1), ({"drip": 0}, 0.0), ({"drip": 0.0002}, len(expected) * 0.0002)):
        client.server.faults.add(**fault)
        began = loop.time()
        got = await client.get("/api/profiles")
        assert loop.time() - began >= seconds * 0.9
        assert (got.body, got.headers["Content-Length"]) == (expected, str(len(expected)))
    assert len({request.connection for request in client.server.requests}) == 1


async def test_an_endless_body(client: PlainClient) -> None:
    closed = asyncio.Event()

    async def endless(request: RecordedRequest) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 1000
        finally:
            closed.set()

    client.server.faults.add(body=endless)
    async with aiohttp.ClientSession() as http, http.get(client.server.url) as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert len(await response.content.readexactly(1_000_000)) == 1_000_000
    async with asyncio.timeout(30):
        await closed.wait()


async def test_a_body_in_pieces_that_ends(client: PlainClient) -> None:
    class Pieces:
        left = 3

        def __aiter__(self) -> Pieces:
            return self

        async def __anext__(self) -> bytes:
            if not self.left:
                raise StopAsyncIteration
            self.left -= 1
            return b"ab"

    client.server.faults.add(body=lambda request: Pieces())
    assert (await client.get()).body == b"ababab"


async def test_cut_after_so_many_bytes_of_the_body(client: PlainClient) -> None:
    whole = (await client.get()).body
    client.server.faults.add(cut_after=10)
    head, _, body = (await client.raw("GET", KEYS)).partition(b"\r\n\r\n")
    assert re.match(rb"HTTP/1\.1 200 OK\r\n.*\r\nDate: .*\r\nContent-Length: %d$" % len(whole), head, re.DOTALL)
    assert (body, client.server.requests[-1].status) == (whole[:10], 200)
    client.server.faults.add(cut_after=10**6)  # beyond the end: a connection that closes without warning
    got = await client.get()
    assert (got.body, "Connection" in got.headers) == (whole, False)
    await client.get()
    assert client.server.requests[-1].connection != client.server.requests[-2].connection


@pytest.mark.parametrize(
    "fault, sent, keys",
    [
        ({"drop": "before"}, b"", 1),
        ({"drop": "after"}, b"", 2),
        ({"raw": b"", "act": False}, b"", 1),
        ({"raw": b"HTTP/1.1 201 Crea"}, b"HTTP/1.1 201 Crea", 2),
        ({"raw": b"garbage\r\n\r\n", "drip": 0}, b"garbage\r\n\r\n", 2),
    ],
)
async def test_no_response(client: PlainClient, fault: dict[str, Any], sent: bytes, keys: int) -> None:
    client.server.faults.add(method="PUT", **fault)
    assert await client.raw("PUT", f"{KEYS}/{uuid4()}", BODY) == sent
    assert (client.server.requests[-1].status, client.server.requests[-1].body, len(client.server.api_keys)) == (
        None,
        BODY,
        keys,
    )


@pytest.mark.parametrize("fault", [{"drop": "before"}, {"drop": "after"}, {"cut_after": 5}, {"raw": b"x"}])
async def test_ended_by_a_reset(client: PlainClient, fault: dict[str, Any]) -> None:
    client.server.faults.add(reset=True, **fault)
    with pytest.raises(ConnectionResetError):
        await client.raw("GET", KEYS)
