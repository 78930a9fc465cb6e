"""Bodies that are read while they are sent: what they consist of, and whose errors are whose."""

from __future__ import annotations

import copy
import errno
import os
import pickle
from collections.abc import AsyncIterator, Callable
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from aiomatatika import InvalidArgumentError, MatatikaSession, Repeat
from aiomatatika.decoding.request_bodies import Body
from aiomatatika.testing import MatatikaServer
from aiomatatika.transport.message import Request
from aiomatatika.transport.multipart import multipart_body
from aiomatatika.transport.streamed_body import FileBody, IteratorBody, StreamedBody

from ..canary import shown_by_error
from ..servers import caught

X = "/api/x"
CANARY = "canary-7f3a"


async def put(session: MatatikaSession, body: StreamedBody, content_type: str = "text/x") -> object:
    client = session._client
    return await client.send(
        Request(method="PUT", url=client.at("/x"), repeat=Repeat.IDEMPOTENT, body=body, content_type=content_type)
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.write_bytes(CANARY.encode() * 50_000)
    return file


# Files


async def test_a_file_is_read_in_pieces_and_anew_for_each_attempt(file: Path) -> None:
    body = FileBody(Body(b"<"), file, Body(b""), Body(b">"))
    for content in (file.read_bytes(), b"new", b""):
        file.write_bytes(content)
        async with body.opened() as source:
            pieces = [piece async for piece in source]
            assert b"".join(pieces) == b"<%b>" % content
            assert source.size == len(content) + 2
            assert max(map(len, pieces)) <= 2**18


async def test_of_a_file_that_grows_what_it_had_at_first_is_sent(file: Path) -> None:
    before = file.read_bytes()
    async with FileBody(file).opened() as source:
        with file.open("ab") as other:
            other.write(b"more")
        assert b"".join([piece async for piece in source]) == before


@pytest.mark.parametrize("change, error", [(partial(os.truncate, length=20), errno.EIO), (os.unlink, errno.ENOENT)])
async def test_a_file_that_breaks_off_is_an_error_that_names_it_and_shows_nothing(
    file: Path, change: Callable[[Path], None], error: int
) -> None:
    async with FileBody(Body(CANARY.encode()), file).opened() as source:
        assert await anext(source) == CANARY.encode()
        change(file)
        with pytest.raises(Exception):  # noqa: B017  # aiohttp gets any, and the caller the failure
            [piece async for piece in source]
    assert isinstance(source.failure, OSError)
    assert (source.failure.errno, source.failure.filename) == (error, str(file))
    assert CANARY not in "".join(shown_by_error(source.failure, but_not=__file__))


# Iterators


async def yielding(*pieces: Any) -> AsyncIterator[Any]:
    for piece in pieces:
        if isinstance(piece, BaseException):
            raise piece
        yield piece


@pytest.mark.parametrize("error", [LookupError("mine"), TimeoutError("mine"), OSError("mine")])
async def test_what_an_iterator_raises_reaches_the_caller_as_it_is(
    server: MatatikaServer, session: MatatikaSession, error: Exception
) -> None:
    raised = await caught(session.request("PUT", "/x", body=yielding(CANARY.encode(), error)))
    assert raised is error
    assert raised.__context__ is raised.__cause__ is None
    assert CANARY not in "".join(shown_by_error(raised, but_not=__file__))


async def test_an_iterator_yields_bytes_alone(server: MatatikaServer, session: MatatikaSession) -> None:
    raised = await caught(session.request("PUT", "/x", body=yielding(b"a", CANARY)), InvalidArgumentError)
    assert "must yield bytes, not str" in str(raised)
    assert CANARY not in "".join(shown_by_error(raised, but_not=__file__))


# Several files in one body


def parts_of(body: bytes, content_type: str) -> list[tuple[str | None, str | None, bytes]]:
    message = BytesParser(EmailMessage, policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    return [
        (part.get_param("name", header="Content-Disposition"), part.get_filename(), part.get_payload(decode=True))  # type: ignore[misc]  # bytes, for no part has parts
        for part in message.iter_parts()
    ]


async def test_files_by_name_are_the_parts_of_a_form(
    server: MatatikaServer, session: MatatikaSession, file: Path
) -> None:
    server.faults.add(path=X, status=503)
    server.faults.add(path=X, status=200)
    await put(session, *multipart_body({"files/a.json": b"{}", "é.bin": file, "empty": b""}))
    first, second = server.requests.api
    assert first.body == second.body
    assert second.headers["Content-Length"] == str(len(second.body))
    assert parts_of(second.body, second.headers["Content-Type"]) == [
        ("files/a.json", "files/a.json", b"{}"),
        ("é.bin", "é.bin", file.read_bytes()),
        ("empty", "empty", b""),
    ]


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"": b""},
        {"a\r\nb": b""},
        {'a"': b""},
        {"a\\": b""},
        {5: b""},
        {"a": "text"},
        {"a": None, "b": CANARY.encode()},
        {"a": Path("\0")},
    ],
)
def test_files_that_cannot_be_sent_are_refused_and_do_not_show(files: Any) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        multipart_body(files)
    assert CANARY not in "".join(shown_by_error(raised.value, but_not=__file__))


# What shows


@pytest.mark.parametrize("body", [FileBody(Body(CANARY.encode())), IteratorBody(yielding(CANARY.encode()))])
def test_a_streamed_body_shows_nothing_and_does_not_travel(body: StreamedBody) -> None:
    assert repr(body) == f"<{type(body).__name__} hidden>"
    for copier in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="does not pickle or copy"):
            copier(body)
