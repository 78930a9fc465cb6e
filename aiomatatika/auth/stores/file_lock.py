"""A lock between processes that its holder's death frees: the operating system holds it on an open file."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Final

__all__ = ["OWNER_ONLY", "FileLock", "open_unfollowed"]

OWNER_ONLY: Final = 0o600
_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.1

if sys.platform == "win32":  # pragma: no cover  # the tests run on Unix
    import msvcrt

    def _try_to_lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

    def _unlock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _try_to_lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(file: int) -> None:
        # Closing is not enough: a child that was forked meanwhile holds the same open file.
        fcntl.flock(file, fcntl.LOCK_UN)


def open_unfollowed(path: Path, flags: int) -> int:
    """Open a file, made with mode 0600 if at all; never through a symbolic link, and never waiting for a pipe.

    Raises:
        OSError: It cannot be opened; the path is a symbolic link.
    """
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    return os.open(path, flags, OWNER_ONLY)


class FileLock:
    """The lock of a path, for one block: ``async with`` gives whether it was to be had in time.

    The system's calls are made in worker threads, because a network file system can let them wait.

    Args:
        path: The lock file; it is made where it is missing, and stays.
        within: The seconds to wait for another holder at most.

    Raises:
        OSError: The lock file cannot be made or opened.
    """

    def __init__(self, path: Path, within: float) -> None:
        self._path = path
        self._within = within
        self._file: int | None = None
        self._given_up = False
        self._mutex = threading.Lock()

    async def __aenter__(self) -> bool:
        end, pause = time.monotonic() + self._within, _FIRST_PAUSE
        try:
            while not await asyncio.to_thread(self._try):
                if time.monotonic() + pause > end:
                    return False
                await asyncio.sleep(pause * (0.5 + random.random()))
                pause = min(1.5 * pause, _LONGEST_PAUSE)
        except BaseException:
            # Not awaited: this task may be on its way out, and its thread may be in the middle of `_try`.
            _ = asyncio.get_running_loop().run_in_executor(None, self._release)
            raise
        return True

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._release)

    def _try(self) -> bool:
        with self._mutex:
            if self._given_up:
                return False
            if self._file is None:
                self._file = open_unfollowed(self._path, os.O_RDWR | os.O_CREAT)
            try:
                _try_to_lock(self._file)
            except (BlockingIOError, PermissionError):  # the latter is Windows' word for it
                return False
            return True

    def _release(self) -> None:
        with self._mutex:
            self._given_up = True
            file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # another holds it
                _unlock(file)
            with contextlib.suppress(OSError):
                os.close(file)
