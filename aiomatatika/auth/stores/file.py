"""`FileTokenStore`: a token for all processes of a user on one machine, in a file that nobody else can read."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from aiomatatika.auth.stores.document import from_text, to_text
from aiomatatika.auth.stores.file_lock import FileLock, open_unfollowed
from aiomatatika.auth.stores.protocol import StoredToken
from aiomatatika.errors import ConfigurationError
from aiomatatika.secret import Secret

__all__ = ["FileTokenStore"]

_logger = logging.getLogger(__name__)

_MAX_SIZE: Final = 2**20
_OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class FileTokenStore:
    """Shares tokens between the processes of one user on one machine.

    The file has mode 0600 from its first byte and is replaced as a whole; it holds the tokens in clear text. A damaged
    file counts as empty. One that others could read or have put there (a symbolic or hard link, another owner, another
    mode) counts as empty too, with a WARNING. Where it cannot be written, each process fetches a token of its own, with
    a WARNING. Beside it stands a lock file, with ``.lock`` at the end of its name; the lock is free when the process
    that holds it ends, however it ends.

    Args:
        path: The file, in a folder that nobody but the user can write to; a missing folder is made with mode 0700, on
            first use. In a folder that is there already, the file is called ``tokens.json``.

    Raises:
        ConfigurationError: The folder belongs to somebody else, or others can write to it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, str | os.PathLike):
            raise ConfigurationError(f"the path of a FileTokenStore must be a path, not {type(path).__name__}")
        place = Path(path).absolute()
        self._path = place / "tokens.json" if place.is_dir() else place
        self._last_refusal = ""
        self._lock_path = self._path.with_name(f"{self._path.name}.lock")
        reason = _unsafe_folder(self._path.parent)
        if reason is not None:
            raise ConfigurationError(f"tokens cannot be kept in {self._path.parent}: {reason}")

    async def load(self, key: str, /) -> StoredToken | None:
        """Return the token of a key."""
        return await asyncio.to_thread(self._load, key)

    async def save(self, key: str, token: StoredToken, replaces: StoredToken | None, /) -> None:
        """Keep the token of a key, unless another than the one that it replaces is there by now."""
        await asyncio.to_thread(self._save, key, token, replaces)

    @contextlib.asynccontextmanager
    async def lock(self, key: str, within: float, /) -> AsyncIterator[bool]:
        """Hold the lock of the file, which its holder's death frees; False: it was not to be had in time."""
        await asyncio.to_thread(self._check_folder)
        async with FileLock(self._lock_path, within) as held:
            yield held

    def __repr__(self) -> str:
        return f"FileTokenStore({str(self._path)!r})"

    # In worker threads

    def _check_folder(self) -> None:
        folder = self._path.parent
        folder.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
        if (reason := _unsafe_folder(folder)) is not None:
            raise PermissionError(0, f"tokens cannot be kept in {folder}: {reason}")

    def _load(self, key: str) -> StoredToken | None:
        return from_text(self._read()).get(key)

    def _save(self, key: str, token: StoredToken, replaces: StoredToken | None) -> None:
        self._check_folder()
        tokens = from_text(self._read())
        if tokens.get(key, replaces) != replaces:
            return
        alive = {name: other for name, other in tokens.items() if token.issued_at < other.issued_at + other.lifetime}
        self._replace(to_text(alive | {key: token}))

    def _read(self) -> Secret:
        try:
            file = open_unfollowed(self._path, os.O_RDONLY)
        except FileNotFoundError:
            return Secret("")
        except OSError:
            if self._path.is_symlink():
                return self._refused("is a symbolic link")
            raise
        with os.fdopen(file, "rb") as opened:
            reason = _unsafe_file(os.fstat(file))
            return self._refused(reason) if reason else Secret(opened.read(_MAX_SIZE).decode("utf-8", "replace"))

    def _refused(self, reason: str) -> Secret:
        if reason != self._last_refusal:
            self._last_refusal = reason
            _logger.warning("%s %s: it is not read, and the next token replaces it", self._path, reason)
        return Secret("")

    def _replace(self, text: Secret) -> None:
        """Write the file anew and put it in place in one step: a reader sees the old one or the new one."""
        new = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        try:
            with os.fdopen(open_unfollowed(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
                file.write(text.reveal().encode())
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                new.unlink()
            raise


def _unsafe_folder(folder: Path) -> str | None:
    """Return why tokens must not be kept in a folder; None: they may, or it is not there yet."""
    if os.name != "posix":
        return None
    try:
        folder_is = folder.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return error.strerror
    if folder_is.st_uid != os.geteuid():
        return "the folder belongs to another user"
    if folder_is.st_mode & _OTHERS_MAY_WRITE:
        return f"other users can write to the folder (mode {stat.S_IMODE(folder_is.st_mode):04o}): chmod 700 it"
    return None


def _unsafe_file(file: os.stat_result) -> str | None:
    if not stat.S_ISREG(file.st_mode):
        return "is not a file"
    if os.name != "posix":
        return None
    if file.st_uid != os.geteuid():
        return "belongs to another user"
    if file.st_mode & _OTHERS:
        return f"is open to other users (mode {stat.S_IMODE(file.st_mode):04o})"
    return "has a second name" if file.st_nlink > 1 else None
