"""`Download`: a body of any size, read whole, piece by piece, or into a file."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import AsyncIterator
from types import TracebackType
from typing import NoReturn

import msgspec

from aiomatatika.transport.body_stream import BodyStream
from aiomatatika.transport.client import Client
from aiomatatika.transport.message import DONE, Request
from aiomatatika.whole_file import WholeFile

__all__ = ["Download"]

_BYTES_A_WRITE = 2**20


class Download:
    """A body to come, of any size. Nothing is sent until it is read, and each reading is a new GET, SAFE to repeat.

    ``await download.read()`` and ``await download.text()`` hold the body in memory. ``await download.save("rows.csv")``
    does not, nor does reading it piece by piece, as it comes::

        async with download as pieces:
            async for piece in pieces:  # bytes
                ...

    The head of the response is asked for as in every other call, until `Timeouts.total` has passed; after that, no
    deadline ends a body that keeps coming. A body is decompressed as it comes. Of a 204 it is empty.

    Raises (while reading):
        ResponseError: The body was cut or damaged on its way, or nothing came for `Timeouts.read` seconds. No part of
            it is asked for again; ``.transient`` is true: reading the download anew can help, and is safe.
        SessionClosedError: The session was closed meanwhile.
        MatatikaError: Before the first byte: as the tree in `errors` says.
    """

    __slots__ = ("_client", "_is_entered", "_request", "_stream")

    def __init__(self, client: Client, request: Request) -> None:
        promised = request.promised or DONE
        self._client = client
        self._request = msgspec.structs.replace(request, promised=promised, streamed=promised)
        self._is_entered = False
        self._stream: BodyStream | None = None

    async def read(self) -> bytes:
        """Return the whole body, which is held in memory once."""
        body = io.BytesIO()
        with contextlib.closing(await self._client.stream(self._request)) as pieces:
            await _fill(body, pieces)
        return body.getvalue()

    async def text(self) -> str:
        """Return the whole body as text in UTF-8; bytes that are not UTF-8 become U+FFFD, and `read` returns them."""
        return (await self.read()).decode("utf-8", "replace")

    async def save(self, path: str | os.PathLike[str]) -> int:
        """Write the body to a file and return how many bytes it has. The file is whole, or not there.

        It is written beside its place under a name of its own and then put there, also in the place of a file that
        exists. A failure or a cancellation leaves nothing behind, and an existing file as it was.

        Args:
            path: The file. Its folder exists; its mode is what the umask gives.

        Raises:
            OSError: The file cannot be made (nothing was sent), or written.
            InvalidArgumentError: No file can have this path. Nothing was sent.
        """
        size = 0
        async with WholeFile(path) as file:
            with contextlib.closing(await self._client.stream(self._request)) as pieces:
                buffer, is_whole = io.BytesIO(), False
                while not is_whole:
                    is_whole = await _fill(buffer, pieces, _BYTES_A_WRITE)
                    size += buffer.tell()
                    await file.write(buffer)
        return size

    async def __aenter__(self) -> AsyncIterator[bytes]:
        if self._is_entered:
            raise RuntimeError("this Download is being read in another 'async with': make one for each")
        self._is_entered = True
        try:
            self._stream = await self._client.stream(self._request)
        finally:
            self._is_entered = self._stream is not None
        return self._stream

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        stream, self._stream, self._is_entered = self._stream, None, False
        if stream is not None:
            stream.close()

    def __repr__(self) -> str:
        return f"<Download {self._request.method} {self._request.url.raw_path}>"

    def __getstate__(self) -> NoReturn:
        # Not `__reduce__`, after which some serialisers go on to walk the parts.
        raise TypeError("a Download does not pickle or copy: it belongs to its session")


async def _fill(buffer: io.BytesIO, pieces: BodyStream, size: float = float("inf")) -> bool:
    """Add pieces to a buffer until it holds so many bytes; tell whether the body has ended."""
    while buffer.tell() < size:
        # A piece never has a name here: a traceback with locals would show it.
        if not buffer.write(await anext(pieces, b"")):
            return True
    return False
