"""`WholeFile`: a file that is there only when it is whole."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from aiomatatika.file_path import file_path
from aiomatatika.own_thread import OwnThread

__all__ = ["WholeFile"]


class WholeFile:
    """A file that is written beside its place under a name of its own, and put there when its block ends well.

    A block that fails or is cancelled leaves what was there before. A symbolic link is followed.

    Args:
        path: Where the file is to be.

    Raises:
        InvalidArgumentError: No file can have this path.
        OSError: On entry, where the file cannot be made; while it is written, where the disk is full, for example.
    """

    __slots__ = ("_file", "_part", "_path", "_thread")

    _file: BinaryIO
    _part: Path

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = file_path(path, "path")
        self._thread = OwnThread()

    async def __aenter__(self) -> Self:
        try:
            await self._thread.run(self._open)
        except BaseException:
            await self._thread.end(self._discard)
            raise
        return self

    async def write(self, buffer: io.BytesIO) -> None:
        """Write what a buffer holds, and empty it."""
        await self._thread.run(lambda: self._write(buffer))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                await self._thread.run(self._put_in_place)
        finally:
            await self._thread.end(self._discard)

    # In the thread

    def _open(self) -> None:
        self._path = Path(os.path.realpath(self._path))
        if self._path.exists() and not self._path.is_file():
            # Put in the place of /dev/null, a file would be found out late.
            raise FileExistsError(errno.EEXIST, "exists and is not a file", str(self._path))
        part = self._path.with_name(f".{secrets.token_hex(8)}.part")
        self._file = part.open("xb")
        self._part = part

    def _write(self, buffer: io.BytesIO) -> None:
        with buffer.getbuffer() as data:
            self._file.write(data)
        buffer.seek(0)
        buffer.truncate()

    def _put_in_place(self) -> None:
        self._file.close()  # what could not be written is told here
        self._part.replace(self._path)

    def _discard(self) -> None:
        """Close the file and remove it; nothing is left to remove where it was put in place, or never made."""
        with contextlib.suppress(OSError, AttributeError):
            self._file.close()
        with contextlib.suppress(OSError, AttributeError):
            self._part.unlink()
