"""Broken copies of the library, one or more for each rule of the ledger: what the simulation has to catch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock
from uuid import UUID

import attrs

from aiomatatika import MatatikaSession, Page, ResponseError, SecretLostError, TransportError
from aiomatatika.auth.shared import SharedToken
from aiomatatika.auth.source import TokenSource
from aiomatatika.paging.collection import Pages
from aiomatatika.resources.apikeys.creation import Deleted
from aiomatatika.resources.apikeys.creator import KeyCreator
from aiomatatika.resources.apikeys.group import ApiKeys
from aiomatatika.resources.jobs.group import Jobs
from aiomatatika.transport.body_stream import BodyStream
from aiomatatika.transport.connections import Connections
from aiomatatika.transport.head_wait import HeadWait
from aiomatatika.waiting.log_lines import LogLines

__all__ = ["BROKEN", "broken"]

_create, _init_of_lost, _step, _token = ApiKeys.create, SecretLostError.__init__, Pages.__anext__, TokenSource.get
_cut, _piece, _post = LogLines.cut, BodyStream.__anext__, Jobs._post_run


def _after(first: Callable[[], Awaitable[object]], method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that does something else first."""

    async def call(*args: Any, **options: Any) -> Any:
        await first()
        return await method(*args, **options)

    return call


def _sleep(seconds: float) -> Callable[[], Awaitable[object]]:
    return lambda: asyncio.sleep(seconds)


async def _wait_for_ever() -> None:
    await asyncio.get_running_loop().create_future()


async def _fail() -> None:
    raise RuntimeError("no error of the library's")


async def _leave_a_task() -> None:
    asyncio.get_running_loop().task_left = asyncio.ensure_future(asyncio.sleep(1_000))  # type: ignore[attr-defined]


async def _let_a_task_fail() -> None:
    await asyncio.wait({asyncio.ensure_future(_fail())})


async def _do_nothing(*args: Any) -> None:
    pass


async def _create_without_words(self: ApiKeys, *args: Any, **options: Any) -> Any:
    try:
        return await _create(self, *args, **options)
    except asyncio.CancelledError:
        raise asyncio.CancelledError from None
    except Exception:
        raise TransportError("it did not work", sent="maybe") from None


async def _create_and_delete(self: ApiKeys, *args: Any, **options: Any) -> Any:
    key = await _create(self, *args, **options)
    await self.delete(key)
    return key


async def _create_shielded(self: ApiKeys, *args: Any, **options: Any) -> Any:
    task, cancelled = asyncio.ensure_future(_create(self, *args, **options)), False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
    return task.result()


async def _delete_nothing(self: KeyCreator, key_id: UUID) -> Deleted:
    return Deleted()


def _deny(self: SecretLostError, message: str, **facts: Any) -> None:
    _init_of_lost(self, message, **{**facts, "orphan": False})


def _edited_page(edit: Callable[[list[Any]], list[Any]]) -> Callable[..., Any]:
    async def step(self: Pages[Any]) -> Page[Any]:
        page = await _step(self)
        return attrs.evolve(page, items=edit(list(page.items)))

    return step


async def _new_token(self: TokenSource, *args: Any) -> Any:
    token = await _token(self, *args)
    self.replace(token)
    return token


async def _ask_alone(self: SharedToken, ask: Callable[[], Awaitable[Any]], helps: object) -> Any:
    return await ask()


async def _post_again(self: Jobs, *args: Any) -> Any:
    try:
        return await _post(self, *args)
    except TransportError:
        return await _post(self, *args)


def _begin_anew(self: LogLines) -> None:
    _cut(self)
    self.sequence = 0


async def _piece_or_end(self: BodyStream) -> bytes:
    try:
        return await _piece(self)
    except ResponseError:
        raise StopAsyncIteration from None


_SILENCE = (logging.Logger, "warning", lambda *args, **options: None)
_LIE = (KeyCreator, "_delete", _delete_nothing), (SecretLostError, "__init__", _deny)

# By name: the kind of violation that is to be found, and what is put in which place.
BROKEN: dict[str, tuple[str, tuple[tuple[type, str, Callable[..., Any]], ...]]] = {
    "errors name no key": ("untold", ((ApiKeys, "create", _create_without_words), _SILENCE)),
    "errors deny that a key is left": ("untold", (*_LIE, _SILENCE)),
    "create deletes its key": ("gone", ((ApiKeys, "create", _create_and_delete),)),
    "a page loses its last item": ("missing", ((Pages, "__anext__", _edited_page(lambda items: items[:-1])),)),
    "a page repeats its first item": ("twice", ((Pages, "__anext__", _edited_page(lambda items: items[:1] + items)),)),
    "a page comes late": ("late", ((Pages, "__anext__", _after(_sleep(61), _step)),)),
    "a call ends late": ("late", ((ApiKeys, "get", _after(_sleep(61), ApiKeys.get)),)),
    "a cancellation takes effect late": ("late", ((ApiKeys, "create", _create_shielded),)),
    "close ends late": ("late", ((MatatikaSession, "close", _after(_sleep(5), MatatikaSession.close)),)),
    "a call never ends": ("deadlock", ((ApiKeys, "get", _after(_wait_for_ever, ApiKeys.get)),)),
    "every call drops the token": ("tokens", ((TokenSource, "get", _new_token),)),
    "every process fetches a token": ("tokens", ((SharedToken, "fetch", _ask_alone),)),
    "a run is started again": ("started", ((Jobs, "_post_run", _post_again),)),
    "a log that was cut is read anew": ("lines", ((LogLines, "cut", _begin_anew),)),
    "a body that was cut is whole": ("cut", ((BodyStream, "__anext__", _piece_or_end),)),
    "a call leaves a task behind": ("left", ((ApiKeys, "get", _after(_leave_a_task, ApiKeys.get)),)),
    "close leaves connections open": ("left", ((Connections, "close", _do_nothing),)),
    "a wait for a head goes on after its attempt": ("cancelled", ((HeadWait, "end", lambda self: None),)),
    "the end of a wait for a head stays a cancellation": (
        "cancelled",
        ((HeadWait, "was_cancelled", lambda self: False),),
    ),
    "a call raises another kind of error": ("error", ((ApiKeys, "get", _after(_fail, ApiKeys.get)),)),
    "a task fails, and nobody looks": ("unhandled", ((ApiKeys, "get", _after(_let_a_task_fail, ApiKeys.get)),)),
}


@contextmanager
def broken(name: str) -> Iterator[str]:
    """Break the library for a while; the value is the kind of violation that is to be found."""
    kind, changes = BROKEN[name]
    with ExitStack() as stack:
        for owner, attribute, new in changes:
            stack.enter_context(mock.patch.object(owner, attribute, new))
        yield kind
