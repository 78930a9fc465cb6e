"""``save=``: where a new key goes the moment it is there."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from aiomatatika import ConflictError, MatatikaSession, NewApiKey, SecretDeliveryError
from aiomatatika.testing import MatatikaServer

from ...canary import assert_hidden, secrets_on_the_wire, shown_by_error
from ..conftest import cancellation_of, works


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "key.json"


def credentials_in(path: Path) -> tuple[str, str]:
    document = json.loads(path.read_bytes())
    assert set(document) == {"client_id", "client_secret"}
    return document["client_id"], document["client_secret"]


def no_room(_: int) -> None:
    raise OSError(errno.ENOSPC, "no room")


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


@pytest.mark.parametrize("there", ["file", "link", "folder"])
async def test_what_is_there_is_not_written_over_and_nothing_is_sent(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, path: Path, there: str
) -> None:
    if there == "file":
        path.write_text("mine")
    elif there == "link":
        path.symlink_to(path.with_name("elsewhere"))
    else:
        path.mkdir()
    with pytest.raises(FileExistsError):
        await matatika_session.apikeys.create("x", save=path)
    assert path.is_symlink() or path.is_dir() or path.read_text() == "mine"
    assert not matatika_server.requests


async def test_a_path_that_cannot_be_written_is_refused_before_anything_is_sent(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, path: Path, key_id: UUID
) -> None:
    for refused in (
        matatika_session.apikeys.create("x", save=path / "x"),
        matatika_session.apikeys.rotate(key_id, save=path / "x"),
    ):
        with pytest.raises(FileNotFoundError):
            await refused
    assert not matatika_server.requests


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


async def test_a_full_disk_costs_no_secret_and_leaves_no_half_file(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(SecretDeliveryError, match="saving it failed with OSError") as caught:
        await matatika_session.apikeys.create("x", save=path)
    assert works(matatika_server, caught.value.api_key)
    assert caught.value.step == "save"
    assert not path.exists()
    assert_hidden(shown_by_error(caught.value, but_not=__file__), secrets_on_the_wire(matatika_server))


async def test_a_caller_that_is_cancelled_finds_the_key_in_its_file(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, path: Path
) -> None:
    held = matatika_server.faults.add(method="PUT", delay=(release := asyncio.Event()))
    creation = asyncio.create_task(matatika_session.apikeys.create("x", save=path))
    await held.wait()
    creation.cancel()
    await asyncio.sleep(0)
    release.set()
    new = (await cancellation_of(creation)).api_key
    assert works(matatika_server, new)
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


@pytest.mark.parametrize("waits", [False, True])
async def test_a_callable_that_fails_costs_no_secret(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, waits: bool
) -> None:
    def save(key: NewApiKey) -> None:
        raise ZeroDivisionError

    async def save_later(key: NewApiKey) -> None:
        raise ZeroDivisionError

    with pytest.raises(SecretDeliveryError, match="saving it failed with ZeroDivisionError") as caught:
        await matatika_session.apikeys.create("x", save=save_later if waits else save)
    assert works(matatika_server, caught.value.api_key)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert not hasattr(caught.value, "__notes__")
    assert matatika_server.requests.methods() == ["POST", "PUT"]  # nothing is deleted behind the caller's back


async def test_a_callable_that_is_interrupted_costs_no_secret(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiomatatika.resources.apikeys.creation._GRACE", 0.02)
    begun = asyncio.Event()

    async def save(key: NewApiKey) -> None:
        begun.set()
        await asyncio.Event().wait()

    creation = asyncio.create_task(matatika_session.apikeys.create("x", save=save))
    await begun.wait()
    creation.cancel()
    assert works(matatika_server, (await cancellation_of(creation)).api_key)


async def test_a_successor_that_cannot_be_saved_leaves_the_old_key(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, key_id: UUID
) -> None:
    def save(key: NewApiKey) -> None:
        raise ZeroDivisionError

    with pytest.raises(SecretDeliveryError) as caught:
        await matatika_session.apikeys.rotate(key_id, save=save)
    assert works(matatika_server, caught.value.api_key)
    assert key_id in matatika_server.api_keys


@pytest.mark.parametrize("save", [5, b"x", ["x"], {}], ids=repr)
async def test_what_is_no_sink_is_refused_before_anything_is_sent(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, save: Any
) -> None:
    with pytest.raises(TypeError, match="save must be a callable or the path of a new file"):
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
