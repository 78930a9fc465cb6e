"""Where a new key goes the moment it is there: ``save=`` of `ApiKeys.create` and `ApiKeys.rotate`.

A path is tried out before anything is sent: the file is made then, and taken away again where no key comes of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Self

import msgspec

from aiomatatika.errors import InvalidArgumentError, SecretDeliveryError
from aiomatatika.resources.apikeys.models import NewApiKey

__all__ = ["Deliver", "Save", "opened_sink"]

_logger = logging.getLogger(__name__)

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
        with _new_file(save) as file:
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


def _new_file(path: str | os.PathLike[str]) -> _NewFile:
    try:
        return _NewFile(Path(path))
    except (TypeError, ValueError):  # a null character, bytes
        raise InvalidArgumentError("save is no path that a file can have") from None


class _NewFile:
    """A file that was not there before and that its owner alone can read; it stays only when it is whole.

    Raises:
        OSError: The path exists or cannot be written.
        ValueError: No file can have this path.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO = open(path, "xb", opener=_open_for_its_owner)  # noqa: SIM115  # `_close` closes it
        self._made = os.fstat(self._file.fileno())
        self._writing: Future[None] | None = None
        self._whole = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writing is None or self._writing.done():
            self._close()
        else:  # the caller was cancelled, and its grace is over: the thread goes on
            self._writing.add_done_callback(self._close_late)

    def _close(self) -> None:
        with contextlib.suppress(OSError):  # what could not be written is tried again here
            self._file.close()
        with contextlib.suppress(OSError):
            if not self._whole and os.path.samestat(self._made, self._path.lstat()):
                self._path.unlink()

    def _close_late(self, writing: Future[None]) -> None:
        if (error := writing.exception()) is not None:
            _logger.warning("saving API key %s, left to itself, failed with %s", self._key_id, type(error).__name__)
        self._close()

    async def deliver(self, key: NewApiKey) -> None:
        """Write the credentials as JSON, in a thread that no cancellation stops: a slow disk holds up no loop."""
        self._key_id = key.id
        try:
            self._writing = _started(self._write, key)
            await _ended(self._writing)
            self._writing.result()
        except OSError as error:
            raise _not_delivered(key, error) from error

    def _write(self, key: NewApiKey) -> None:
        # Nothing here has a name: a traceback with locals would show it.
        self._file.write(msgspec.json.encode({"client_id": key.client_id, "client_secret": key.client_secret.reveal()}))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._whole = True


async def _ended(writing: Future[None]) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def wake(_: Future[None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed meanwhile
            loop.call_soon_threadsafe(ended.set)

    writing.add_done_callback(wake)
    await ended.wait()


def _started(write: Callable[[NewApiKey], None], key: NewApiKey) -> Future[None]:
    """Begin to write in a thread of its own: those of the loop's executor can all be busy."""
    with contextlib.suppress(RuntimeError):  # no thread is to be had, or the interpreter ends
        executor = ThreadPoolExecutor(1, "aiomatatika save")
        try:
            return executor.submit(write, key)
        finally:
            executor.shutdown(wait=False)
    written: Future[None] = Future()
    write(key)
    written.set_result(None)
    return written
