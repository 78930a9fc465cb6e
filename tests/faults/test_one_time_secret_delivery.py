"""S: what becomes of a one-time secret between its arrival here and the caller. Cancelled: `…_cancelled`."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import pickle
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aiomatatika import (
    ApiKey,
    MatatikaError,
    MatatikaSession,
    NewApiKey,
    NotFoundError,
    Retries,
    SecretDeliveryError,
    SecretLostError,
)
from aiomatatika.testing import ControlledClock, MatatikaServer

from .conftest import Witness
from .test_one_time_secret import made_keys, warned

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
    server.requests.clear()
    return key


FORMS: list[Callable[[ApiKey], Any]] = [lambda key: key.id, lambda key: str(key.id), lambda key: key]
by_id_text_or_object = pytest.mark.parametrize("form", FORMS, ids=["UUID", "str", "ApiKey"])


@by_id_text_or_object
async def test_S19_update_creates_by_accident(server: MatatikaServer, witness: Witness, form: Any) -> None:
    async with server.session() as session:
        key = await gone(server, session)
        with witness.raises(SecretDeliveryError) as caught:
            await session.apikeys.update(form(key), name="hourly batch")
    assert_holds_the_key(server, caught.value)
    assert made_keys(server) == [key.id]
    assert server.requests.methods() == ["PUT"]


LOST_201: list[tuple[dict[str, Any], int]] = [
    ({"cut_after": 40}, 1),
    ({"edit": lambda document: {**document, "clientSecret": None}}, 1),
    ({"drop": "after"}, 2),
    ({"status": 502, "act": True}, 2),
]


@by_id_text_or_object
@pytest.mark.parametrize("fault, puts", LOST_201, ids=["cut", "without a secret", "no byte", "502 in front"])
async def test_S27_update_of_a_key_that_is_gone_and_the_answer_is_lost(
    server: MatatikaServer, witness: Witness, form: Any, fault: dict[str, Any], puts: int
) -> None:
    async with server.session() as session:
        key = await gone(server, session)
        server.faults.add(method="PUT", **fault)
        with witness.raises(SecretLostError) as caught:
            await session.apikeys.update(form(key), name="hourly batch")
    error = caught.value
    assert isinstance(error, SecretLostError)
    assert (error.key_id, error.created, error.orphan) == (key.id, True, True)
    assert (error.method, error.path, error.attempts) == ("PUT", f"/api/apikeys/{key.id}", puts)
    assert server.requests.methods() == ["PUT"] * puts


@by_id_text_or_object
@pytest.mark.parametrize("fault", [{"drop": "after"}, {"status": 502, "act": True}, {"status": 429}], ids=repr)
async def test_S27_update_of_a_key_that_is_there_is_no_false_alarm(
    server: MatatikaServer, clock: ControlledClock, form: Any, fault: dict[str, Any]
) -> None:
    async with server.session() as session:
        (key_id,) = server.add_api_keys(1)
        key = await session.apikeys.get(key_id)
        clock.advance(10)
        server.faults.add(method="PUT", **fault)
        assert (await session.apikeys.update(form(key), name="hourly batch")).name == "hourly batch"


@pytest.mark.parametrize("second", [{"status": 409}, {"status": 503}, {"drop": "after"}], ids=repr)
async def test_S27_update_whose_repeat_fails_too_tells_what_it_may_have_made(
    server: MatatikaServer, witness: Witness, second: dict[str, Any]
) -> None:
    async with server.session(retries=Retries(attempts=2)) as session:
        key = await gone(server, session)
        server.faults.add(method="PUT", drop="after")
        server.faults.add(method="PUT", **second)
        with witness.raises(MatatikaError) as caught:
            await session.apikeys.update(key.id, name="hourly batch")
    assert f"if API key {key.id} had gone, this update may have made it anew" in "".join(caught.value.__notes__)


UNREADABLE = {
    "lone surrogate": rb'"\ud800"',
    "NaN": b"NaN",
    "1e999": b"1e999",
    "5,000 digits": b"9" * 5000,
    "300 levels": b"[" * 300 + b"]" * 300,
    "no UTF-8": b'"\xff"',
    "doubled": b'1, "limits": 2',
}


def with_member(name: bytes, value: bytes) -> Callable[[Any], bytes]:
    """Return a body that is the real one of a new key, with one more member as it is written."""
    secret = b'"clientSecret": "a-secret-of-this-test-alone"'
    return lambda _: b'{"clientId": "its-client-id", ' + secret + b', "name": "n", "' + name + b'": ' + value + b"}"


@pytest.mark.parametrize("value", UNREADABLE.values(), ids=UNREADABLE)
async def test_S31_secret_beside_a_member_that_cannot_be_read(
    server: MatatikaServer, witness: Witness, caplog: pytest.LogCaptureFixture, value: bytes
) -> None:
    witness.secrets.add("a-secret-of-this-test-alone")
    server.faults.add(method="PUT", status=201, body=with_member(b"limits", value), act=True)
    async with server.session() as session:
        new = await session.apikeys.create("nightly batch")
    assert (new.client_id, new.client_secret.reveal(), new.name) == (
        "its-client-id",
        "a-secret-of-this-test-alone",
        "n",
    )
    assert ("limits" in new.extra, new.is_complete) == (False, False)
    assert made_keys(server) == [new.id]
    assert f"{new.id} was created, but its response is not whole (limits: " in warned(caplog)
    assert server.requests.methods() == ["POST", "PUT"]


async def test_S31_secret_that_cannot_be_read_itself(server: MatatikaServer, witness: Witness) -> None:
    body = b'{"clientId": "x", "clientSecret": "one", "clientSecret": "two"}'
    server.faults.add(method="PUT", status=201, body=body, act=True)
    async with server.session() as session:
        with witness.raises(SecretLostError):
            await session.apikeys.create("nightly batch")
    assert made_keys(server) == []


MEMBERS = {"privateNote": "keep", "tokenLifetime": 3600, "webhook": {"url": "x", "token": "********"}}


async def broken_by_a_member(server: MatatikaServer, session: MatatikaSession) -> ApiKey:
    server.faults.add(method="PUT", edit=lambda document: {**document, "limit": float("nan")})
    return await session.apikeys.create("nightly batch")


async def pickled(server: MatatikaServer, session: MatatikaSession) -> ApiKey:
    server.faults.add(method="GET", path="/api/apikeys/*", edit=lambda key: {**key, **MEMBERS})
    key: ApiKey = pickle.loads(pickle.dumps(await session.apikeys.get(server.add_api_keys(1)[0])))
    return key


@pytest.mark.parametrize("origin", [broken_by_a_member, pickled])
async def test_S32_incomplete_key_and_update(server: MatatikaServer, origin: Any) -> None:
    async with server.session() as session:
        key = await origin(server, session)
        assert not key.is_complete
        server.requests.clear()
        server.faults.add(method="GET", path="/api/apikeys/*", edit=lambda key: {**key, **MEMBERS})
        await session.apikeys.update(key, name="hourly batch")
    assert server.requests.methods() == ["GET", "PUT"]
    sent = server.requests[-1].json()
    assert sent == {"name": "hourly batch", "privateNote": "keep", "tokenLifetime": 3600, "webhook": {"url": "x"}}


async def test_S32_incomplete_key_that_has_gone_is_not_made_anew(server: MatatikaServer, witness: Witness) -> None:
    async with server.session() as session:
        key = await pickled(server, session)
        server._store.delete_key(server.api_keys[key.id])
        with witness.raises(NotFoundError):
            await session.apikeys.update(key, name="hourly batch")
    assert made_keys(server) == []


async def test_X18_slow_disk(server: MatatikaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced, turned = threading.Event(), []

    def slow(_: int) -> None:
        turned.append(synced.wait(10))

    monkeypatch.setattr("os.fsync", slow)
    async with server.session() as session:
        creation = asyncio.create_task(session.apikeys.create("nightly batch", save=tmp_path / "key.json"))
        while not made_keys(server):
            await asyncio.sleep(0)
        creation.cancel()
        for _ in range(20):
            await asyncio.sleep(0)  # the loop goes on
        synced.set()
        with pytest.raises(asyncio.CancelledError) as caught:
            await creation
    assert turned == [True]
    assert_holds_the_key(server, caught.value)
    assert json.loads((tmp_path / "key.json").read_bytes())["client_id"] == caught.value.api_key.client_id  # type: ignore[attr-defined]  # it was looked at
