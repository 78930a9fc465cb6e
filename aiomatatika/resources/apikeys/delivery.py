"""Where a new key goes the moment it is there: ``save=`` of `ApiKeys.create` and `ApiKeys.rotate`.

A path is tried out before anything is sent: the file is made then, and taken away again where no key comes of it.
"""

from __future__ import annotations

import contextlib
import inspect
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Self

import msgspec

from aiomatatika.errors import InvalidArgumentError, SecretDeliveryError
from aiomatatika.resources.apikeys.models import NewApiKey

__all__ = ["Deliver", "Save", "opened_sink"]

Save = Callable[[NewApiKey], Awaitable[None] | None] | str | os.PathLike[str]
"""What a caller gives: a callable that is called with the new key, or the path of a file that is not there yet."""

Deliver = Callable[[NewApiKey], Awaitable[None]]
"""Hands a new key to the sink. It raises `SecretDeliveryError`, with the key, where the sink fails."""


@contextlib.contextmanager
def opened_sink(save: Save | None) -> Iterator[Deliver | None]:
    """Open a caller's sink for one key, and close it.

    Raises:
        OSError: The path exists or cannot be written.
        InvalidArgumentError: It is neither a callable nor a path.
    """
    if save is None:
        yield None
    elif isinstance(save, str | os.PathLike):
        with _NewFile(save) as file:
            yield file.deliver
    elif callable(save):
        yield _calling(save)
    else:
        raise InvalidArgumentError(f"save must be a callable or the path of a new file, not {type(save).__name__}")


def _calling(save: Callable[[NewApiKey], Awaitable[None] | None]) -> Deliver:
    async def deliver(key: NewApiKey) -> None:
        try:
            result = save(key)
            if inspect.isawaitable(result):
                await result
        except Exception as error:
            if not type(error).__module__.startswith("aiohttp"):
                raise _not_delivered(key, error) from error
            failure = _not_delivered(key, error)
        else:
            return
        raise failure  # without the cause: exceptions of aiohttp hold the headers of a request

    return deliver


def _not_delivered(key: NewApiKey, error: Exception) -> SecretDeliveryError:
    message = f"API key {key.id} was made and is in .api_key, but saving it failed with {type(error).__name__}"
    return SecretDeliveryError(message, api_key=key, step="save")


def _open_for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)  # "xb" is O_EXCL: what exists is refused, a link too


class _NewFile:
    """A file that was not there before and that its owner alone can read; it stays only when it is whole."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._whole = False

    def __enter__(self) -> Self:
        self._file: BinaryIO = open(self._path, "xb", opener=_open_for_its_owner)
        self._made = os.fstat(self._file.fileno())
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # what could not be written is tried again here
            self._file.close()
        with contextlib.suppress(OSError):
            if not self._whole and os.path.samestat(self._made, self._path.lstat()):
                self._path.unlink()

    async def deliver(self, key: NewApiKey) -> None:
        """Write the credentials as JSON. It does not wait anywhere: no cancellation can come between."""
        try:
            self._write(key)
        except OSError as error:
            raise _not_delivered(key, error) from error

    def _write(self, key: NewApiKey) -> None:
        # Nothing here has a name: a traceback with locals would show it.
        self._file.write(msgspec.json.encode({"client_id": key.client_id, "client_secret": key.client_secret.reveal()}))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._whole = True
