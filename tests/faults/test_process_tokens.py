"""X and Z: a token that processes share through a file or a Redis, and what can go wrong with these."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from aiomatatika import ConfigurationError, FileTokenStore, RedisTokenStore
from aiomatatika.auth.stores import redis as redis_store
from aiomatatika.testing import ControlledClock, MatatikaServer

from ..fleet import redis_server, umask, workers
from .conftest import call

TOKEN = "/oauth/token"
DAY = 86_400


@pytest.fixture(params=["file", "redis"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Path | str]:
    """What processes share: the path of a file, or the URL of a Redis."""
    if request.param == "file":
        yield tmp_path / "tokens.json"
        return
    async with redis_server(tmp_path) as redis:
        yield redis.url


@contextlib.contextmanager
def warned(log: pytest.LogCaptureFixture, *texts: str) -> Any:
    """Expect one WARNING for each text, with that in it."""
    log.clear()
    yield
    records = [record.getMessage() for record in log.records if record.levelno >= logging.WARNING]
    assert len(records) == len(texts)
    assert all(text in record for text, record in zip(texts, records, strict=True))


async def fetch(server: MatatikaServer, store: Path | RedisTokenStore, posts: int, calls: int = 1) -> None:
    """Make some calls in a new session; so many token requests there have been after it."""
    kept = FileTokenStore(store) if isinstance(store, Path) else store
    async with server.session(token_store=kept) as session:
        for _ in range(calls):
            await call(session)
    assert len(server.requests.token) == posts


# Processes


async def test_X13_token_cache_many_processes(
    server: MatatikaServer, clock: ControlledClock, store: Path | str
) -> None:
    async with workers(server, store, 8) as fleet:
        assert await asyncio.gather(*(worker.call(100) for worker in fleet)) == ["done"] * 8
        assert len(server.requests.token) == 1
        clock.advance(DAY)  # at the server alone: as if the token had been revoked
        assert await asyncio.gather(*(worker.call(10) for worker in fleet)) == ["done"] * 8
        assert len(server.requests.token) == 2
    async with workers(server, store, 1) as (late,):
        assert await late.call() == "done"
    assert len(server.requests.token) == 2
    assert len([request for request in server.requests.api if request.status == 200]) == 8 * 110 + 1


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
async def test_X15_lock_holder_killed(server: MatatikaServer, store: Path | str) -> None:
    fetching = server.faults.add(path=TOKEN, delay=asyncio.Event())
    async with workers(server, store, 3) as (holder, *others):
        holding = asyncio.ensure_future(holder.call())
        await fetching.wait()
        waiting = [asyncio.ensure_future(worker.call()) for worker in others]
        holder.process.send_signal(signal.SIGKILL)
        async with asyncio.timeout(20):  # and not the 60 s that a call may take
            assert await asyncio.gather(*waiting) == ["done"] * 2
        assert await holding == ""
    assert len(server.requests.token) == 2
    assert redis_store._LEASE + redis_store._LONGEST_PAUSE < 5


# A file and a Redis


def with_token(**changes: Any) -> Callable[[bytes], bytes]:
    """Return what changes the one token in a file."""

    def change(content: bytes) -> bytes:
        document = json.loads(content)
        for token in document["tokens"].values():
            token.update(changes)
        return json.dumps(document).encode()

    return change


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda content: content[:-3],
    "another JSON": lambda _: b'[{"token": "a.b.c"}]',
    "no text": lambda content: content.replace(b"token", b"\xff\xfe"),
    "another client's": lambda content: content.replace(b'"tokens": {"', b'"tokens": {"0'),
    "of another version": lambda content: content.replace(b'"version": 1', b'"version": 2'),
    "from the future": with_token(issued_at=4_000_000_000.0),
    "expired": with_token(issued_at=1_000_000_000.0),
    "of no time": with_token(issued_at="yesterday"),
    "a lifetime without end": with_token(lifetime=1e300),
    "no bearer token": with_token(token="a b"),
    "a token too long": with_token(token="x" * 16_385),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
async def test_X14_cache_file_spoilt(
    server: MatatikaServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "tokens.json"
    with warned(caplog):
        await fetch(server, path, posts=1)
        whole = path.read_bytes()
        path.write_bytes(spoil(whole))
        assert path.read_bytes() != whole
        for _ in range(2):  # it is replaced
            await fetch(server, path, posts=2)


@pytest.mark.parametrize("trouble", ["full", "read-only"])
async def test_X16_disk_full_or_read_only(
    server: MatatikaServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
) -> None:
    path, text = tmp_path / "tokens.json", "No space left on device"
    if trouble == "full":
        monkeypatch.setattr(os, "fsync", Mock(side_effect=OSError(28, text)))
    else:
        path, text = Path("/proc/self/tokens.json"), "going on without it"
        if not path.parent.is_dir():
            pytest.skip("there is no file system at hand that takes no files")
    with warned(caplog, text):
        await fetch(server, path, posts=1, calls=10)
    assert {each.name for each in tmp_path.iterdir()} <= {"tokens.json.lock"}


async def test_X16_redis_away_frozen_or_full(
    server: MatatikaServer, clock: ControlledClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with redis_server(tmp_path) as redis:
        store = RedisTokenStore(redis.url)
        for _ in range(2):
            await fetch(server, store, posts=1, calls=2)
        redis.signal(signal.SIGSTOP)
        with warned(caplog, "going on without it"):
            await fetch(server, store, posts=2, calls=2)
        redis.signal(signal.SIGCONT)
        await fetch(server, store, posts=2)
        await redis.kill()
        with warned(caplog, "going on without it"):
            await fetch(server, store, posts=3, calls=2)
        await redis.start()
        for _ in range(2):  # it has forgotten everything
            await fetch(server, store, posts=4)
        clock.advance(DAY)
        await redis.configure("maxmemory", "1")
        with warned(caplog, "going on without it"):
            await fetch(server, store, posts=5, calls=2)


# Who can read it, and whose it is


def symlink(path: Path, elsewhere: Path) -> None:
    path.replace(elsewhere)
    path.symlink_to(elsewhere)


def foreign(path: Path, _: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(path, 12_345, 12_345)


def pipe(path: Path, _: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


posix = pytest.mark.skipif(os.name != "posix", reason="modes and owners are POSIX's")


@posix
async def test_Z14_token_cache_file(server: MatatikaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes = set()
    path = tmp_path / "a" / "b" / "tokens.json"
    replace = Path.replace

    def seen(self: Path, target: Path) -> Path:
        modes.add(self.stat().st_mode & 0o777)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", seen)
    with umask(0):
        await fetch(server, path, posts=1)
    assert modes == {0o600}  # before it is in its place
    assert {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()} == {
        "tokens.json": 0o600,
        "tokens.json.lock": 0o600,
    }
    assert path.parent.stat().st_mode & 0o777 == 0o700

    (token,) = {request.headers["Authorization"].removeprefix("Bearer ") for request in server.requests.api}
    assert token in path.read_text()
    shown = path.read_text().replace(token, "") + repr(FileTokenStore(path)) + repr(vars(FileTokenStore(path)))
    assert token not in shown
    assert server.credentials.client_secret.reveal() not in shown
    assert server.credentials.client_id not in shown


@posix
@pytest.mark.parametrize(
    "spoil, reason",
    [
        (lambda path, _: path.chmod(0o644), "is open to other users (mode 0644)"),
        (symlink, "is a symbolic link"),
        (lambda path, elsewhere: elsewhere.hardlink_to(path), "has a second name"),
        (foreign, "belongs to another user"),
        (pipe, "is not a file"),
    ],
)
async def test_Z14_a_file_that_others_have_a_hand_in(
    server: MatatikaServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    spoil: Callable[[Path, Path], None],
    reason: str,
) -> None:
    path, elsewhere = tmp_path / "tokens.json", tmp_path / "elsewhere"
    await fetch(server, path, posts=1)
    spoil(path, elsewhere)
    before = elsewhere.read_bytes() if elsewhere.exists() else b""
    with warned(caplog, f"{path} {reason}"):
        await fetch(server, path, posts=2)
    status = path.lstat()
    assert (status.st_mode, status.st_uid, status.st_nlink) == (stat.S_IFREG | 0o600, os.geteuid(), 1)
    assert not elsewhere.exists() or elsewhere.read_bytes() == before


@posix
async def test_Z14_the_lock_file_is_a_symbolic_link(
    server: MatatikaServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "tokens.json.lock").symlink_to(tmp_path / "elsewhere")
    with warned(caplog, "the token store failed (Too many levels of symbolic links)"):
        await fetch(server, tmp_path / "tokens.json", posts=1)
    assert not (tmp_path / "elsewhere").exists()


@posix
@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o702])
async def test_Z14_a_folder_that_others_can_write_to(
    server: MatatikaServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int
) -> None:
    path = tmp_path / "open" / "tokens.json"
    session = server.session(token_store=FileTokenStore(path))
    path.parent.mkdir()
    path.parent.chmod(mode)
    with pytest.raises(ConfigurationError, match="other users can write to the folder"):
        FileTokenStore(path)
    with warned(caplog, "other users can write to the folder"):  # it was made after the store
        async with session:
            await call(session)
    assert list(path.parent.iterdir()) == []


@posix
def test_Z14_a_folder_of_somebody_else(tmp_path: Path) -> None:
    foreign(tmp_path, tmp_path)
    with pytest.raises(ConfigurationError, match="the folder belongs to another user"):
        FileTokenStore(tmp_path)
