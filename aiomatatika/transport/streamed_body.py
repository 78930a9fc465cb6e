"""Bodies of requests that are read while they are sent: files, and what an asynchronous iterator yields.

aiohttp puts an error of its own in the place of one that the reading raises, so a `BodySource` keeps it for the caller.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterator,
    Sequence,
)
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import NoReturn, Self, TypeAlias

from aiomatatika.decoding.request_bodies import Body
from aiomatatika.errors import InvalidArgumentError
from aiomatatika.own_thread import OwnThread

__all__ = ["BodyPart", "BodySource", "FileBody", "IteratorBody", "StreamedBody"]

BodyPart: TypeAlias = Body | Path
"""Bytes, or a file."""

_BYTES_A_PIECE = 2**18


class _BodyNotReadError(Exception):
    """Stops aiohttp, in the place of the error that the caller gets."""


class BodySource:
    """The pieces of a body, as one attempt sends them: aiohttp iterates over it.

    Args:
        next_piece: Returns the next piece; none at the end.
        size: How many bytes the pieces have in all; None: nobody knows.

    Attributes:
        failure: What the reading raised, if anything.
    """

    __slots__ = ("_next_piece", "failure", "size")

    def __init__(self, next_piece: Callable[[], Awaitable[bytes]], size: int | None = None) -> None:
        self._next_piece = next_piece
        self.size: int | None = size
        self.failure: Exception | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            if piece := await self._next_piece():
                return piece
        except Exception as error:  # noqa: BLE001  # an iterator of the caller's can raise anything
            self.failure = error
        else:
            raise StopAsyncIteration
        raise _BodyNotReadError  # outside of the handler: what it holds would hang in the chain of the error


class StreamedBody:
    """A body that is read while it is sent. It shows nothing of itself.

    Attributes:
        is_spent: Whether it has been read and cannot be read again.
    """

    __slots__ = ()

    is_spent: bool

    def opened(self) -> AbstractAsyncContextManager[BodySource]:
        """Open it for one attempt.

        Raises:
            OSError: A file cannot be read.
        """
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} hidden>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("the body of a request does not pickle or copy: it can hold passwords")


class FileBody(StreamedBody):
    """Bytes and files, one after another. Each attempt opens the files anew, and reads them in a thread.

    Of a file that grows meanwhile, what it had at first is sent.

    Args:
        parts: What to send.
    """

    __slots__ = ("_parts",)

    is_spent = False

    def __init__(self, *parts: BodyPart) -> None:
        self._parts = parts

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncGenerator[BodySource]:
        """Find out how long the files are; they are opened one after another, and are closed at the end."""
        thread, files = OwnThread(), contextlib.ExitStack()
        try:
            sizes = await thread.run(lambda: [_size(part) for part in self._parts])
            pieces = files.enter_context(contextlib.closing(_pieces(self._parts, sizes)))
            yield BodySource(lambda: thread.run(partial(next, pieces, b"")), sum(sizes))
        finally:
            await thread.end(files.close)


# In the thread


def _size(part: BodyPart) -> int:
    if isinstance(part, Body):
        return len(part.reveal())
    if not stat.S_ISREG(part.stat().st_mode) and not part.is_dir():
        # To open a pipe would wait for its other end.
        raise OSError(errno.EINVAL, "is not a regular file: give an asynchronous iterator", str(part))
    with part.open("rb", buffering=0) as file:
        return os.fstat(file.fileno()).st_size


def _pieces(parts: Sequence[BodyPart], sizes: Sequence[int]) -> Generator[bytes]:
    for part, size in zip(parts, sizes, strict=True):
        if isinstance(part, Path):
            yield from _file_pieces(part, size)
        elif size:
            yield part.reveal()


def _file_pieces(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while size > 0:
            piece = file.read(min(size, _BYTES_A_PIECE))
            if not piece:
                raise OSError(errno.EIO, "became shorter while it was sent", str(path))
            size -= len(piece)
            yield piece
            del piece  # a traceback with locals would show it


class IteratorBody(StreamedBody):
    """What an asynchronous iterator of the caller's yields: sent once.

    Args:
        content: The iterator.
    """

    __slots__ = ("_iterator", "is_spent")

    _iterator: Callable[[], AsyncIterator[bytes]]

    def __init__(self, content: AsyncIterable[bytes]) -> None:
        iterator: AsyncIterator[bytes] = aiter(content)
        self._iterator = lambda: iterator  # a function: jsonpickle and others read whatever stands in an attribute
        self.is_spent: bool = False

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncGenerator[BodySource]:
        """Go on where the iterator is; it is the caller's, and stays open."""

        def next_piece() -> Awaitable[bytes]:
            self.is_spent = True
            return _next_of(self._iterator())

        yield BodySource(next_piece)


async def _next_of(iterator: AsyncIterator[bytes]) -> bytes:
    async for piece in iterator:
        if not isinstance(piece, bytes):
            kind = type(piece).__name__
            del piece  # a traceback with locals would show it
            raise InvalidArgumentError(f"the iterator given as body must yield bytes, not {kind}")
        if piece:
            return piece
    return b""
