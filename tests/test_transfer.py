"""`Download`: what is asked for and when, its readings, and files that are whole or not there."""

from __future__ import annotations

import asyncio
import gzip
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from aiomatatika import (
    Download,
    InvalidArgumentError,
    Link,
    LinkError,
    MatatikaSession,
    NotFoundError,
    ResponseError,
    SessionClosedError,
    Timeouts,
    TransportError,
    UnsafeLinkError,
)
from aiomatatika.testing import MatatikaServer

from .servers import caught

X = "/api/x"
CSV = "id,name\n1,é\n".encode()
ZIPPED: dict[str, Any] = {"headers": {"Content-Encoding": "gzip"}}


async def pieces_of(download: Download) -> bytes:
    async with download as pieces:
        return b"".join([piece async for piece in pieces])


async def saved(download: Download, path: Path) -> bytes:
    size = await download.save(path)
    assert size == path.stat().st_size
    return path.read_bytes()


def begun(closed: asyncio.Event | None = None, more: bytes = b"") -> Callable[[object], AsyncIterator[bytes]]:
    """Return a body that stops after its first piece, or never ends; it tells when its connection is closed."""

    async def body() -> AsyncIterator[bytes]:
        try:
            yield b"begun"
            while more:
                yield more
            await asyncio.Event().wait()
        finally:
            if closed is not None:
                closed.set()

    return lambda _: body()


# What is asked for


async def test_nothing_is_sent_until_it_is_read_and_each_reading_is_a_new_request(
    server: MatatikaServer, session: MatatikaSession, tmp_path: Path
) -> None:
    server.faults.add(path=X, status=200, body=CSV, times=None)
    download = session.download("/x?a=b%20c", params={"n": 1}, accept="text/csv")
    assert (server.requests, repr(download)) == ([], "<Download GET /api/x>")
    assert await download.read() == await pieces_of(download) == await saved(download, tmp_path / "x.csv") == CSV
    assert await download.text() == CSV.decode()
    assert server.requests.methods() == ["GET"] * 4
    request = server.requests.api[0]
    assert (request.query, request.headers["Accept"]) == ({"a": "b c", "n": "1"}, "text/csv")
    assert len({each.connection for each in server.requests.api}) == 1, "a body that was read leaves its connection"


async def test_any_media_type_is_welcome_and_a_204_is_empty(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(path=X, status=204)
    assert await session.download(Link(rel="x", href=X)).read() == b""
    assert server.requests.api[0].headers["Accept"] == "*/*"


@pytest.mark.parametrize(
    "arguments, error",
    [
        ({"path_or_link": "https://evil.test/api/x"}, UnsafeLinkError),
        ({"path_or_link": Link(rel="x", href="/api/x{?q}", templated=True)}, LinkError),
        ({"path_or_link": Link(rel="delete x", href=X, method="DELETE")}, LinkError),
        ({"path_or_link": "/x", "accept": "a\r\nb"}, InvalidArgumentError),
    ],
)
def test_what_cannot_be_downloaded_is_refused_at_once(
    session: MatatikaSession, arguments: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        session.download(**arguments)


# The head: as in every other call


@pytest.mark.parametrize(
    "fault, asked",
    [
        ({"status": 503}, [X, X]),
        ({"drop": "after"}, [X, X]),
        ({"status": 401}, [X, X]),
        ({"status": 307, "headers": {"Location": "/api/y"}}, [X, "/api/y"]),
    ],
)
async def test_the_head_is_asked_for_again(
    server: MatatikaServer, session: MatatikaSession, fault: dict[str, Any], asked: list[str]
) -> None:
    server.faults.add(path=X, **fault)
    server.faults.add(status=200, path=asked[-1], body=CSV)
    assert await session.download("/x").read() == CSV
    assert [request.path for request in server.requests.api] == asked


@pytest.mark.parametrize("encoding", ["gzip", "br"])
async def test_an_error_is_the_error_of_every_other_call(
    server: MatatikaServer, session: MatatikaSession, tmp_path: Path, encoding: str
) -> None:
    body = gzip.compress(b'{"error": "Not Found", "message": "No such dataset"}')
    server.faults.add(path=X, status=404, body=body, headers={"Content-Encoding": encoding}, times=2)
    for reading in (session.download("/x").read(), session.download("/x").save(tmp_path / "x")):
        error = await caught(reading, NotFoundError)
        assert error.message == ("No such dataset" if encoding == "gzip" else None)
        assert (error.method, error.path, error.attempts) == ("GET", X, 1)
    assert list(tmp_path.iterdir()) == []


async def test_another_success_than_was_promised_is_no_body(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(path=X, status=202, body=CSV)
    error = await caught(session.download("/x").read(), ResponseError)
    assert (error.status, error.transient) == (202, False)


# The body


@pytest.mark.parametrize(
    "body, encoding",
    [(CSV, "gzip"), (gzip.compress(CSV) + b"x", "gzip"), (CSV, "br")],
    ids=["not gzip", "more than gzip", "not asked for"],
)
async def test_an_encoding_that_cannot_be_undone_is_an_error(
    server: MatatikaServer, session: MatatikaSession, body: bytes, encoding: str
) -> None:
    server.faults.add(path=X, status=200, body=body, headers={"Content-Encoding": encoding}, times=2)
    error = await caught(session.download("/x").read(), ResponseError)
    assert (error.status, error.method, error.path) == (200, "GET", X)
    assert server.requests.api[0].headers["Accept-Encoding"] == "gzip"


async def test_the_deadline_is_that_of_the_head(
    server: MatatikaServer, session: MatatikaSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    more, loop = asyncio.Event(), asyncio.get_running_loop()

    async def body() -> AsyncIterator[bytes]:
        yield b"begun"
        await more.wait()
        yield b", and ended"

    server.faults.add(path=X, status=200, body=lambda _: body())
    async with session.with_options(timeouts=Timeouts(total=60, read=3_600)).download("/x") as pieces:
        assert await anext(pieces) == b"begun"
        monkeypatch.setattr(loop, "time", lambda time=loop.time: time() + 600)
        more.set()
        assert [piece async for piece in pieces] == [b", and ended"]


async def test_a_body_that_comes_as_fast_as_it_is_read_lets_other_tasks_have_their_turn(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(path=X, status=200, body=gzip.compress(bytes(64 * 2**20), 1), **ZIPPED)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with session.download("/x") as pieces:
        await anext(pieces)
        counting = asyncio.create_task(count())
        size = sum([len(piece) async for piece in pieces])
        counting.cancel()
    assert turns >= size >> 21


async def test_who_leaves_early_closes_the_connection_at_once(server: MatatikaServer, session: MatatikaSession) -> None:
    closed = asyncio.Event()
    server.faults.add(path=X, status=200, body=begun(closed, bytes(2**16)))
    async with session.download("/x") as pieces:
        await anext(pieces)
    async with asyncio.timeout(10):
        await closed.wait()
    with pytest.raises(ResponseError):
        await anext(pieces)


async def test_closing_the_session_ends_the_wait_for_bytes(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(path=X, status=200, body=begun(), times=None)
    async with session.download("/x") as waiting, session.download("/x") as idle:
        assert await anext(waiting) == await anext(idle) == b"begun"
        wait = asyncio.ensure_future(anext(waiting))
        await asyncio.sleep(0)
        await session.close()
        assert wait.done()
        for next_piece in (wait, anext(idle)):
            error = await caught(next_piece, SessionClosedError)
            assert (error.method, error.path) == ("GET", X)


async def test_one_download_is_not_read_by_two_at_once(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(path=X, status=200, body=CSV, times=None)
    download = session.download("/x")
    async with download:
        with pytest.raises(RuntimeError, match="in another 'async with'"):
            await download.__aenter__()
        assert await download.read() == CSV
    assert await pieces_of(download) == CSV
    server.faults.clear()
    for _ in range(2):
        await caught(download.__aenter__(), NotFoundError)


async def test_what_is_not_utf_8_shows_in_the_text(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(path=X, status=200, body=b"caf\xe9")
    assert await session.download("/x").text() == "caf\N{REPLACEMENT CHARACTER}"


# Files


@pytest.mark.parametrize("body", [b"", CSV, bytes(3 * 2**20 + 1)], ids=len)
async def test_a_saved_file_takes_the_place_of_another_and_follows_links(
    server: MatatikaServer, session: MatatikaSession, tmp_path: Path, body: bytes
) -> None:
    server.faults.add(path=X, status=200, body=body)
    file, link = tmp_path / "x.csv", tmp_path / "link.csv"
    file.write_text("old")
    file.chmod(0o600)
    link.symlink_to(file)
    mask = os.umask(0o027)
    try:
        assert await saved(session.download("/x"), link) == body
    finally:
        os.umask(mask)
    assert sorted(tmp_path.iterdir()) == [link, file]
    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    "path, error",
    [
        ("missing/x.csv", FileNotFoundError),
        (".", FileExistsError),
        ("/dev/null", FileExistsError),
        *((path, InvalidArgumentError) for path in ("", "\0", b"x.csv", 5, None)),
    ],
)
async def test_a_file_that_cannot_be_made_is_told_before_anything_is_sent(
    server: MatatikaServer, session: MatatikaSession, tmp_path: Path, path: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await session.download("/x").save(tmp_path / path if path in {"missing/x.csv", "."} else path)
    assert (server.requests, list(tmp_path.iterdir())) == ([], [])


def full_disk(patch: pytest.MonkeyPatch) -> None:
    def write(*_: object) -> None:
        raise OSError(28, "No space left on device")

    patch.setattr("aiomatatika.whole_file.WholeFile._write", write)


def taken_place(patch: pytest.MonkeyPatch) -> None:
    def replace(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    patch.setattr(Path, "replace", replace)


@pytest.mark.parametrize("trouble", [full_disk, taken_place])
async def test_a_file_that_cannot_be_written_leaves_what_was_there(
    server: MatatikaServer,
    session: MatatikaSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Callable[[pytest.MonkeyPatch], None],
) -> None:
    server.faults.add(path=X, status=200, body=CSV)
    file = tmp_path / "x.csv"
    file.write_text("old")
    trouble(monkeypatch)
    with pytest.raises(OSError, match=r"No space|not permitted"):
        await session.download("/x").save(file)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("x.csv", "old")]


async def test_a_lost_head_is_the_error_of_the_call(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(path=X, drop="before", times=None)
    readings: list[Callable[[Download], Awaitable[object]]] = [Download.read, pieces_of]
    for reading in readings:
        error = await caught(reading(session.download("/x")), TransportError)
        assert (error.attempts, error.transient) == (2, True)
