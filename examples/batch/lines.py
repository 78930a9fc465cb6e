"""JSON lines that survive a kill: a line counts once it is whole and on the disk; a torn one was never written."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from examples.refused import RefusedError


class DurableLines:
    """A file of JSON objects, one a line, that only its owner can read and only one process at a time can have open.

    Args:
        path: A new file, or the user's own with mode 0600, to which lines are added.

    Attributes:
        records: The whole lines that were there already.

    Raises:
        RefusedError: The file cannot be opened, is not a regular file, belongs to another user, can be read by others,
            is in use, or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = _opened(path)
        try:
            _check_private(self.fd, path)
            try:
                fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RefusedError(f"{path} is in use: another rotation, or its command, is still running") from None
            self.records = self._recovered()
        except BaseException:
            self.close()
            raise

    def append(self, record: Mapping[str, Any]) -> None:
        """Write a line, and return when it is on the disk; a line that cannot be written leaves no trace."""
        end = os.fstat(self.fd).st_size
        rest = json.dumps(record).encode() + b"\n"
        try:
            while rest:
                rest = rest[os.write(self.fd, rest) :]
            os.fsync(self.fd)
        except OSError:
            os.ftruncate(self.fd, end)  # half a line would spoil the next one as well
            raise

    def close(self) -> None:
        """Close the file, and release it for the next process."""
        os.close(self.fd)

    def _recovered(self) -> list[dict[str, Any]]:
        raw = self.path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if whole != raw:
            os.ftruncate(self.fd, len(whole))
        os.fsync(self.fd)  # a killed process may have written a line without this
        return read_lines(whole, self.path)


def read_lines(raw: bytes, path: Path) -> list[dict[str, Any]]:
    """Return the records of whole lines; a torn last one is left out.

    Raises:
        RefusedError: A whole line is not a JSON object.
    """
    records: list[dict[str, Any]] = []
    for number, line in enumerate(raw[: raw.rfind(b"\n") + 1].splitlines(), 1):
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise RefusedError(f"{path}, line {number}, is damaged: not a JSON object")
        records.append(record)
    return records


def replace_lines(path: Path, records: list[dict[str, Any]]) -> None:
    """Write a whole file at once: a reader, or a kill, finds the old one or the new one."""
    draft = path.with_name(f".{path.name}.new")
    with draft.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _fsync_folder(path)


def _opened(path: Path) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        try:
            fd = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return os.open(path, flags)
        _fsync_folder(path)  # otherwise a power failure could take the whole file away
    except OSError as error:
        raise RefusedError(f"{path} cannot be opened: {error.strerror}") from None
    return fd


def _check_private(fd: int, path: Path) -> None:
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        raise RefusedError(f"{path} is not a regular file")
    if status.st_uid != os.geteuid():
        raise RefusedError(f"{path} belongs to another user")
    if mode := stat.S_IMODE(status.st_mode) & 0o177:
        raise RefusedError(
            f"{path} has mode {stat.S_IMODE(status.st_mode):04o} instead of 0600: find out who could read or write it "
            f"({mode:04o} is too much), then chmod 600 it"
        )


def _fsync_folder(path: Path) -> None:
    fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
