"""``save=``: where a new key goes the moment it is there."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aiomatatika import ConflictError, InvalidArgumentError, MatatikaSession, NewApiKey, SecretDeliveryError
from aiomatatika.resources.apikeys import creator
from aiomatatika.testing import MatatikaServer

from ..conftest import cancellation_of, works


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "key.json"


def credentials_in(path: Path) -> tuple[str, str]:
    document = json.loads(path.read_bytes())
    assert set(document) == {"client_id", "client_secret"}
    return document["client_id"], document["client_secret"]


# Files


@pytest.mark.parametrize("form", [Path, str])
async def test_a_path_becomes_a_file_for_its_owner_alone(
    matatika_session: MatatikaSession, path: Path, form: Callable[[Path], Path | str]
) -> None:
    mask = os.umask(0)
    try:
        new = await matatika_session.apikeys.create("x", save=form(path))
    finally:
        os.umask(mask)
    assert credentials_in(path) == (new.client_id, new.client_secret.reveal())
    assert path.stat().st_mode & 0o777 == 0o600


async def test_no_file_is_left_where_no_key_came(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, path: Path
) -> None:
    matatika_server.faults.add(method="PUT", status=409)
    with pytest.raises(ConflictError):
        await matatika_session.apikeys.create("x", save=path)
    assert not path.exists()


async def test_a_file_that_came_in_its_place_meanwhile_is_left_alone(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, path: Path
) -> None:
    def replace(request: object) -> bytes:
        path.rename(path.with_name("moved"))
        path.write_text("another's")
        return b""

    matatika_server.faults.add(method="PUT", status=409, body=replace)
    with pytest.raises(ConflictError):
        await matatika_session.apikeys.create("x", save=path)
    assert path.read_text() == "another's"


# A file and its thread: that a full disk costs no secret, and a slow one holds nothing up, is proved in tests/faults.


class Disk:
    """A disk that takes its time, and can fail in the end."""

    def __init__(self, error: OSError | None = None) -> None:
        self.begun, self.end = threading.Event(), threading.Event()
        self.error = error

    def sync(self, _: int) -> None:
        self.begun.set()
        assert self.end.wait(10)
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize("error", [None, OSError(errno.ENOSPC, "no room")], ids=["written", "failed"])
async def test_a_file_whose_caller_cannot_wait_is_whole_in_the_end_or_gone(
    matatika_server: MatatikaServer,
    matatika_session: MatatikaSession,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: OSError | None,
) -> None:
    disk = Disk(error)
    monkeypatch.setattr(os, "fsync", disk.sync)
    monkeypatch.setattr(creator, "_GRACE", 0.0)
    creation = asyncio.create_task(matatika_session.apikeys.create("x", save=path))
    await asyncio.to_thread(disk.begun.wait, 10)
    creation.cancel()
    new = (await cancellation_of(creation)).api_key
    assert works(matatika_server, new)
    assert f"saving API key {new.id} was cut short" in caplog.text
    (writer,) = [each for each in threading.enumerate() if each.name.startswith("aiomatatika save")]
    disk.end.set()
    await asyncio.to_thread(writer.join)
    assert path.exists() is (error is None)
    if error is None:
        assert credentials_in(path) == (new.client_id, new.client_secret.reveal())
    assert (f"saving API key {new.id}, left to itself, failed with OSError" in caplog.text) is (error is not None)


async def test_where_no_thread_is_to_be_had_the_file_is_written_all_the_same(
    matatika_session: MatatikaSession, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    new = await matatika_session.apikeys.create("x", save=path)
    assert credentials_in(path) == (new.client_id, new.client_secret.reveal())


# Callables


@pytest.mark.parametrize("waits", [False, True])
async def test_a_callable_is_given_the_key_before_the_caller_is(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, waits: bool
) -> None:
    saved: list[NewApiKey] = []

    async def save_later(key: NewApiKey) -> None:
        await asyncio.sleep(0)
        saved.append(key)

    new = await matatika_session.apikeys.create("x", save=save_later if waits else saved.append)
    assert saved == [new]
    assert works(matatika_server, saved[0])


@pytest.mark.parametrize("save", [5, b"x", ["x"], {}], ids=repr)
async def test_what_is_no_sink_is_refused_before_anything_is_sent(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, save: Any
) -> None:
    with pytest.raises(InvalidArgumentError, match="save must be a callable or the path of a new file"):
        await matatika_session.apikeys.create("x", save=save)
    assert not matatika_server.requests


class BytesPath:
    def __fspath__(self) -> bytes:
        return b"x"


@pytest.mark.parametrize("save", ["a\0b", "\ud800", BytesPath()], ids=["null", "surrogate", "bytes"])
async def test_what_no_file_can_be_called_is_refused_before_anything_is_sent(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, save: Any
) -> None:
    with pytest.raises(InvalidArgumentError, match="save is no path"):
        await matatika_session.apikeys.create("x", save=save)
    assert not matatika_server.requests


async def test_a_callable_that_fails_with_an_error_of_aiohttp_does_not_pass_its_headers_on(
    matatika_session: MatatikaSession,
) -> None:
    def save(_: NewApiKey) -> None:
        raise aiohttp.ClientPayloadError("of the vault")

    with pytest.raises(SecretDeliveryError, match="failed with ClientPayloadError") as caught:
        await matatika_session.apikeys.create("name", save=save)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
