"""S: what becomes of a one-time secret between its arrival here and the caller: S09 to S11, S16, S17 and S19."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from aiomatatika import ApiKey, MatatikaSession, NewApiKey, SecretDeliveryError, SecretLostError
from aiomatatika.resources.apikeys import creation
from aiomatatika.testing import MatatikaServer

from ..cancellation import Ending, interrupted_everywhere
from .conftest import Witness
from .test_one_time_secret import made_keys

Sink = Callable[[NewApiKey], Awaitable[None] | None] | Path


def broken(*_: object) -> None:
    raise RuntimeError("a bug")


async def broken_later(_: NewApiKey) -> None:
    await asyncio.sleep(0)
    raise RuntimeError("a bug")


async def cancelled_inside(_: NewApiKey) -> None:
    raise asyncio.CancelledError


class BrokenHandler(logging.Handler):
    """Fails with every warning, and says so."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            raise RuntimeError("a bug")


@pytest.fixture
def broken_handler() -> Iterator[None]:
    handler = BrokenHandler()
    logging.getLogger("aiomatatika").addHandler(handler)
    yield
    logging.getLogger("aiomatatika").removeHandler(handler)


def assert_usable(server: MatatikaServer, key: object) -> None:
    assert isinstance(key, NewApiKey)
    assert server.api_keys[key.id].credentials == key.credentials


def assert_holds_the_key(server: MatatikaServer, error: BaseException) -> None:
    """Fail unless an error has the only key that was made, with its secret."""
    assert_usable(server, getattr(error, "api_key", None))
    assert [error.api_key.id] == made_keys(server)  # type: ignore[attr-defined]  # it was looked at


async def test_S09_own_bug_after_the_201_in_building_the_key(
    server: MatatikaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server.session() as session:
        draft = await session.apikeys.initialise()
        monkeypatch.setattr("aiomatatika.decoding.converter.structure", broken)
        new = await session.apikeys.create("nightly batch", draft=draft)
    assert_usable(server, new)


@pytest.mark.usefixtures("broken_handler")
async def test_S09_own_bug_after_the_201_in_a_log_handler(server: MatatikaServer) -> None:
    server.faults.add(method="PUT", edit=lambda document: document | {"created": "yesterday"})
    async with server.session() as session:
        new = await session.apikeys.create("nightly batch")
    assert_usable(server, new)


@pytest.mark.parametrize("save", [broken, broken_later, cancelled_inside])
async def test_S09_own_bug_after_the_201_in_the_hook_of_the_caller(
    server: MatatikaServer, witness: Witness, save: Sink
) -> None:
    async with server.session() as session:
        with witness.raises(SecretDeliveryError, asyncio.CancelledError) as caught:
            await session.apikeys.create("nightly batch", save=save)
    assert_holds_the_key(server, caught.value)


async def create(session: MatatikaSession, save: Sink) -> NewApiKey:
    return await session.apikeys.create("nightly batch", save=save)


async def create_and_wait(session: MatatikaSession, save: Sink) -> NewApiKey:
    return await session.apikeys.create("nightly batch", ready_within=45, save=save)


async def rotate(session: MatatikaSession, save: Sink) -> NewApiKey:
    keys = await session.apikeys.list(sort="name,desc").collect()
    return await session.apikeys.rotate(next(key for key in keys if key.name == "old"), save=save)


def delivered(ending: Ending) -> list[NewApiKey]:
    """Return the key that a call returned or that its error holds, if there is one."""
    key = ending.result or getattr(ending.error, "api_key", None)
    return [key] if isinstance(key, NewApiKey) else []


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("call", [create, create_and_wait, rotate])
async def test_S10_cancelled_at_each_await_of_create(
    server: MatatikaServer,
    witness: Witness,
    call: Callable[[MatatikaSession, Sink], Awaitable[NewApiKey]],
    lost: bool,
) -> None:
    saved: list[NewApiKey] = []
    old: list[UUID] = []

    @contextlib.asynccontextmanager
    async def place() -> AsyncIterator[MatatikaSession]:
        for key_id in made_keys(server):
            server._store.delete_key(server.api_keys[key_id])
        old[:] = [server._store.add_key("old").id]
        saved.clear()
        server.faults.clear()
        if lost:
            server.faults.add(method="PUT", drop="after")
        async with server.session() as session:
            yield session

    async for _, ending in interrupted_everywhere(place, lambda session: call(session, saved.append)):
        witness.saw(ending.error)
        held = delivered(ending)
        named = "".join(getattr(ending.error, "__notes__", ()))
        for key_id in made_keys(server):
            assert key_id in [*old, *(key.id for key in held)] or str(key_id) in named, f"suspension {ending.at}"
        assert saved == held
        for key in held:
            assert_usable(server, key)
        assert old[0] in server.api_keys or held, "the old key is not deleted before its successor is delivered"


async def answer_after(limit: asyncio.Timeout, sent: Awaitable[None], answer: asyncio.Event, *, late: bool) -> None:
    """Let a limit run out once the request is sent, and the server answer after that, or never."""
    await sent
    limit.reschedule(0)
    while not limit.expired():
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    if not late:
        answer.set()


@pytest.mark.parametrize("late", [False, True])
async def test_S11_asyncio_timeout_around_create(
    server: MatatikaServer, witness: Witness, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    if late:
        monkeypatch.setattr(creation, "_GRACE", 0.02)
    answer = asyncio.Event()
    put = server.faults.add(method="PUT", delay=answer)
    saved: list[NewApiKey] = []
    async with server.session() as session:
        with witness.raises(TimeoutError, within=0.1) as caught:
            async with asyncio.timeout(None) as limit:
                helper = asyncio.create_task(answer_after(limit, put.wait(), answer, late=late))
                await session.apikeys.create("nightly batch", save=saved.append)
        await helper
    answer.set()
    assert server.requests.methods() == ["POST", "PUT"]
    (key_id,) = made_keys(server)
    cancelled = caught.value.__cause__
    assert isinstance(cancelled, asyncio.CancelledError)
    assert str(key_id) in "".join(cancelled.__notes__)
    if late:
        assert saved == []
    else:
        assert_holds_the_key(server, cancelled)
        assert [key.id for key in saved] == [key_id]


def existing_file(folder: Path) -> Path:
    (folder / "key.json").write_text("another's")
    return folder / "key.json"


def dangling_link(folder: Path) -> Path:
    (folder / "key.json").symlink_to(folder / "elsewhere")
    return folder / "key.json"


def folder_itself(folder: Path) -> Path:
    return folder


def missing_folder(folder: Path) -> Path:
    return folder / "missing" / "key.json"


def folder_that_is_a_file(folder: Path) -> Path:
    return existing_file(folder) / "key.json"


def unwritable_folder(folder: Path) -> Path:
    # No folder is unwritable for root, but this one: nobody makes files there.
    (folder / "closed").mkdir(mode=0o500)
    return folder / "closed" / "key.json" if os.geteuid() else Path("/proc/self/key.json")


def name_that_is_too_long(folder: Path) -> Path:
    return folder / (300 * "x")


@pytest.mark.parametrize("call", [create, rotate])
@pytest.mark.parametrize(
    "place",
    [
        existing_file,
        dangling_link,
        folder_itself,
        missing_folder,
        folder_that_is_a_file,
        unwritable_folder,
        name_that_is_too_long,
    ],
)
async def test_S16_sink_checked_first(
    server: MatatikaServer, witness: Witness, tmp_path: Path, place: Callable[[Path], Path], call: Any
) -> None:
    path = place(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    async with server.session() as session:
        if call is rotate:
            await session.apikeys.list().first()
        sent = len(server.requests)
        with witness.raises(OSError):
            if call is rotate:
                await session.apikeys.rotate(server.default_key_id, save=path)
            else:
                await session.apikeys.create("nightly batch", save=str(path))
    assert len(server.requests) == sent
    assert (sorted(tmp_path.rglob("*")), made_keys(server)) == (before, [])


async def test_S16_sink_that_is_good_has_the_key(server: MatatikaServer, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    async with server.session() as session:
        new = await session.apikeys.create("nightly batch", save=path)
    assert json.loads(path.read_text()) == {"client_id": new.client_id, "client_secret": new.client_secret.reveal()}
    assert path.stat().st_mode & 0o777 == 0o600


def disk_full(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("call", [create, create_and_wait, rotate])
@pytest.mark.parametrize("save", [broken, broken_later, disk_full])
async def test_S17_sink_fails_after_the_201(
    server: MatatikaServer,
    witness: Witness,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    save: Any,
    call: Callable[[MatatikaSession, Sink], Awaitable[NewApiKey]],
) -> None:
    if save is disk_full:
        monkeypatch.setattr("os.fsync", disk_full)
        save = tmp_path / "key.json"
    old = server._store.add_key("old")
    async with server.session() as session:
        with witness.raises(SecretDeliveryError) as caught:
            await call(session, save)
    assert old.id in server.api_keys
    server._store.delete_key(old)
    assert_holds_the_key(server, caught.value)
    assert isinstance(caught.value.__cause__, RuntimeError | OSError)
    assert "DELETE" not in server.requests.methods()
    assert list(tmp_path.iterdir()) == [], "half a file would be taken for a key"


async def gone(server: MatatikaServer, session: MatatikaSession) -> ApiKey:
    """Return a key that somebody has deleted meanwhile."""
    (key_id,) = server.add_api_keys(1)
    key = await session.apikeys.get(key_id)
    server._store.delete_key(server.api_keys[key_id])
    return key


async def test_S19_update_creates_by_accident(server: MatatikaServer, witness: Witness) -> None:
    async with server.session() as session:
        key = await gone(server, session)
        with witness.raises(SecretDeliveryError) as caught:
            await session.apikeys.update(key, name="hourly batch")
    assert_holds_the_key(server, caught.value)
    assert made_keys(server) == [key.id]
    assert server.requests.methods() == ["GET", "PUT"]


async def test_S19_update_creates_by_accident_and_the_secret_is_missing(
    server: MatatikaServer, witness: Witness
) -> None:
    def edit(document: dict[str, Any]) -> None:
        witness.secrets.add(document.pop("clientSecret"))

    server.faults.add(method="PUT", edit=edit)
    async with server.session() as session:
        key = await gone(server, session)
        with witness.raises(SecretLostError) as caught:
            await session.apikeys.update(key, name="hourly batch")
    error = caught.value
    assert isinstance(error, SecretLostError)
    assert (error.key_id, error.created, error.orphan) == (key.id, True, True)
