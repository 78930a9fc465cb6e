"""Broken copies of the library, one for each rule of the ledger: what the simulation has to catch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock
from uuid import UUID

import attrs

from aiomatatika import MatatikaSession, Page, SecretLostError, TransportError
from aiomatatika.auth.source import TokenSource
from aiomatatika.paging.collection import Pages
from aiomatatika.resources.apikeys.creation import Deleted
from aiomatatika.resources.apikeys.creator import KeyCreator
from aiomatatika.resources.apikeys.group import ApiKeys
from aiomatatika.transport.connections import Connections

__all__ = ["BROKEN", "broken"]

Broken = tuple[type, str, Callable[..., Any]]


async def _create_without_words(self: ApiKeys, *args: Any, **options: Any) -> Any:
    try:
        return await _create(self, *args, **options)
    except asyncio.CancelledError:
        raise asyncio.CancelledError from None
    except Exception:
        raise TransportError("it did not work", sent="maybe") from None


def _init_that_denies(self: SecretLostError, message: str, **facts: Any) -> None:
    _init_of_lost(self, message, **{**facts, "orphan": False})


async def _delete_nothing(self: KeyCreator, key_id: UUID) -> Deleted:
    return Deleted()


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


def _edited_page(edit: Callable[[list[Any]], list[Any]]) -> Callable[..., Any]:
    async def step(self: Pages[Any]) -> Page[Any]:
        page = await _step(self)
        return attrs.evolve(page, items=edit(list(page.items)))

    return step


async def _step_slowly(self: Pages[Any]) -> Page[Any]:
    await asyncio.sleep(61)
    return await _step(self)


async def _get_slowly(self: ApiKeys, *args: Any) -> Any:
    await asyncio.sleep(61)
    return await _get(self, *args)


async def _get_for_ever(self: ApiKeys, *args: Any) -> None:
    await asyncio.get_running_loop().create_future()


async def _get_or_fail(self: ApiKeys, *args: Any) -> None:
    raise RuntimeError("no error of the library's")


async def _get_beside(self: ApiKeys, *args: Any) -> Any:
    beside = asyncio.ensure_future(_get_or_fail(self))
    await asyncio.wait({beside})
    return await _get(self, *args)


async def _get_and_go_on(self: ApiKeys, *args: Any) -> Any:
    asyncio.get_running_loop().task_left = asyncio.ensure_future(asyncio.sleep(1_000))  # type: ignore[attr-defined]
    return await _get(self, *args)


async def _close_slowly(self: MatatikaSession) -> None:
    await _close(self)
    await asyncio.sleep(5)


async def _do_nothing(*args: Any) -> None:
    pass


async def _new_token(self: TokenSource, *args: Any) -> Any:
    token = await _token(self, *args)
    self.replace(token)
    return token


_create, _get, _close, _step = ApiKeys.create, ApiKeys.get, MatatikaSession.close, Pages.__anext__
_token, _init_of_lost = TokenSource.get, SecretLostError.__init__

BROKEN: dict[str, tuple[str, list[Broken]]] = {
    "errors of create name no key": (
        "untold",
        [(ApiKeys, "create", _create_without_words), (logging.Logger, "warning", lambda *args, **options: None)],
    ),
    "errors deny that a key is left": (
        "untold",
        [
            (SecretLostError, "__init__", _init_that_denies),
            (KeyCreator, "_delete", _delete_nothing),
            (logging.Logger, "warning", lambda *args, **options: None),
        ],
    ),
    "create deletes its key": ("gone", [(ApiKeys, "create", _create_and_delete)]),
    "a page loses its last item": ("missing", [(Pages, "__anext__", _edited_page(lambda items: items[:-1]))]),
    "a page repeats its first item": ("twice", [(Pages, "__anext__", _edited_page(lambda items: items[:1] + items))]),
    "a page comes late": ("late", [(Pages, "__anext__", _step_slowly)]),
    "a call ends late": ("late", [(ApiKeys, "get", _get_slowly)]),
    "a cancellation takes effect late": ("late", [(ApiKeys, "create", _create_shielded)]),
    "close takes long": ("late", [(MatatikaSession, "close", _close_slowly)]),
    "a call never ends": ("deadlock", [(ApiKeys, "get", _get_for_ever)]),
    "every call drops the token": ("tokens", [(TokenSource, "get", _new_token)]),
    "a call leaves a task behind": ("left", [(ApiKeys, "get", _get_and_go_on)]),
    "connections stay open": ("left", [(Connections, "close", _do_nothing)]),
    "another kind of error": ("error", [(ApiKeys, "get", _get_or_fail)]),
    "a task that nobody looks at": ("unhandled", [(ApiKeys, "get", _get_beside)]),
}


@contextmanager
def broken(name: str) -> Iterator[str]:
    """Break the library for a while; the value is the kind of violation that is to be found."""
    kind, changes = BROKEN[name]
    with ExitStack() as stack:
        for owner, attribute, new in changes:
            stack.enter_context(mock.patch.object(owner, attribute, new))
        yield kind
