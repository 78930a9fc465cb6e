"""W: bodies of any size, down (W05) and up (W06)."""

from __future__ import annotations

import asyncio
import gc
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from aiomatatika import Download, MatatikaError, Repeat, ResponseError, Timeouts, TransportError
from aiomatatika.testing import MatatikaServer

from .conftest import Witness

X = "/api/x"
MIB = 2**20
BLOCK = bytes(range(256)) * (MIB // 256)
ZIPPED = {"Content-Encoding": "gzip"}


# W05


async def plain(mebibytes: int = 64) -> AsyncIterator[bytes]:
    for _ in range(mebibytes):
        yield BLOCK


async def zipped() -> AsyncIterator[bytes]:
    zip_ = zlib.compressobj(1, wbits=31)
    async for block in plain():
        yield zip_.compress(block)
    yield zip_.flush()


async def stalled() -> AsyncIterator[bytes]:
    yield BLOCK
    await asyncio.Event().wait()


BREAKS: dict[str, dict[str, Any]] = {
    "cut": {"body": BLOCK, "cut_after": MIB - 1},
    "reset": {"body": BLOCK, "cut_after": 5, "reset": True},
    "gzip cut": {"body": gzip.compress(BLOCK), "headers": ZIPPED, "cut_after": 2_000},
    "gzip without its end": {"body": gzip.compress(BLOCK)[:-1], "headers": ZIPPED},
    "stall": {"body": lambda _: stalled()},
}


@pytest.mark.parametrize("name", BREAKS)
async def test_W05_no_half_file(server: MatatikaServer, witness: Witness, tmp_path: Path, name: str) -> None:
    server.faults.add(path=X, status=200, **BREAKS[name])
    file = tmp_path / "rows.csv"
    file.write_text("old")
    async with server.session(timeouts=Timeouts(read=0.1)) as session:
        with witness.raises(ResponseError, within=1) as caught:
            await session.download("/x").save(file)
    assert (caught.value.transient, caught.value.attempts) == (True, 1)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("rows.csv", "old")]


@pytest.mark.parametrize("end", ["cancelled", "closed"])
async def test_W05_who_ends_a_download_leaves_nothing(
    server: MatatikaServer, witness: Witness, tmp_path: Path, end: str
) -> None:
    server.faults.add(path=X, status=200, body=lambda _: stalled())
    async with server.session() as session:
        saving = asyncio.ensure_future(session.download("/x").save(tmp_path / "rows.csv"))
        while not list(tmp_path.iterdir()):
            await asyncio.sleep(0)
        if end == "cancelled":
            saving.cancel()
        else:
            await session.close()
        with witness.raises(MatatikaError, asyncio.CancelledError):
            await saving
    assert list(tmp_path.iterdir()) == []


async def save(download: Download, folder: Path) -> int:
    return await download.save(folder / "rows.csv")


async def iterate(download: Download, folder: Path) -> int:
    async with download as pieces:
        return sum([len(piece) async for piece in pieces])


async def peak(work: Callable[[], Any]) -> int:
    """Return how many bytes more than before were held at once, by the server of the test too."""
    gc.collect()
    tracemalloc.start()
    try:
        await work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("body, headers", [(plain, {}), (zipped, ZIPPED)], ids=["plain", "gzip"])
@pytest.mark.parametrize("reading", [save, iterate])
async def test_W05_memory_is_flat(
    server: MatatikaServer, tmp_path: Path, body: Any, headers: Any, reading: Callable[[Download, Path], Any]
) -> None:
    server.faults.add(path=X, status=200, body=lambda _: body(), headers=headers)
    async with server.session() as session:
        await session.request("GET", "/profiles")

        async def read() -> None:
            assert await reading(session.download("/x"), tmp_path) == 64 * MIB

        assert await peak(read) < 12 * MIB


async def test_W05_no_byte_is_held_twice(server: MatatikaServer) -> None:
    server.faults.add(path=X, status=200, body=lambda _: plain(32))
    async with server.session() as session:
        await session.request("GET", "/profiles")

        async def read() -> None:
            assert len(await session.download("/x").read()) == 32 * MIB

        assert await peak(read) < 48 * MIB


# W06


async def once() -> AsyncIterator[bytes]:
    yield b"content"


@pytest.mark.parametrize("kind, sent", [("iterator", 1), ("path", 2), ("bytes", 2)])
async def test_W06_a_lost_response(
    server: MatatikaServer, witness: Witness, tmp_path: Path, kind: str, sent: int
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"content")
    bodies: dict[str, Any] = {"iterator": once(), "path": file, "bytes": b"content"}
    server.faults.add(path=X, drop="after", times=None)
    async with server.session() as session:
        with witness.raises(TransportError) as caught:
            await session.request("PUT", "/x", body=bodies[kind], repeat=Repeat.IDEMPOTENT)
    assert (caught.value.sent, caught.value.attempts, caught.value.transient) == ("maybe", sent, sent == 2)
    assert [request.body for request in server.requests.api] == [b"content"] * sent


@pytest.mark.parametrize(
    "status, error", [(429, "429 Too Many Requests"), (401, "the API refuses.*: make the call again")]
)
async def test_W06_what_was_read_is_not_sent_again_without_it(
    server: MatatikaServer, witness: Witness, status: int, error: str
) -> None:
    server.faults.add(method="PUT", path=X, status=status)
    server.faults.add(method="PUT", path=X, status=200)
    async with server.session() as session:
        with witness.raises(MatatikaError, match=error) as caught:
            await session.request("PUT", "/x", body=once())
        assert getattr(caught.value, "status", None) == status
        assert len(server.requests.api) == 1
        await session.request("PUT", "/x", body=once())
    assert len(server.requests.token) == (2 if status == 401 else 1), "the refused token was dropped"


async def test_W06_what_was_not_read_is_sent_when_a_connection_comes_about(
    server: MatatikaServer, witness: Witness
) -> None:
    """Nothing of the iterator is lost to an attempt that was not sent."""
    session = server.session()
    async with session:
        await session.request("GET", "/profiles")
        await server.close()
        with witness.raises(TransportError) as caught:
            await session.request("PUT", "/x", body=once())
    assert (caught.value.sent, caught.value.attempts > 1) == ("no", True)
