"""X and Z: a token that processes share through a file or a Redis, and what can go wrong with these."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from aiomatatika import ConfigurationError, FileTokenStore, MatatikaSession, RedisTokenStore
from aiomatatika.auth.stores import redis as redis_store
from aiomatatika.testing import ControlledClock, MatatikaServer

from ..fleet import redis_server, umask, workers
from .conftest import Witness, call

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
def warned(log: pytest.LogCaptureFixture, text: str) -> Any:
    """Expect one WARNING, with a text in it."""
    log.clear()
    yield
    (record,) = (record for record in log.records if record.levelno >= logging.WARNING)
    assert text in record.getMessage()


def session_on(server: MatatikaServer, path: Path) -> MatatikaSession:
    return server.session(token_store=FileTokenStore(path))


# Processes


async def test_X13_token_cache_many_processes(
    server: MatatikaServer, clock: ControlledClock, store: Path | str
) -> None:
    async with workers(server, store, 8) as fleet:
        assert await asyncio.gather(*(worker.call(20) for worker in fleet)) == ["done"] * 8
        assert len(server.requests.token) == 1
        clock.advance(DAY)  # at the server alone: as if the token had been revoked
        assert await asyncio.gather(*(worker.call(5) for worker in fleet)) == ["done"] * 8
        assert len(server.requests.token) == 2
    async with workers(server, store, 1) as (late,):
        assert await late.call() == "done"
    assert len(server.requests.token) == 2
    assert len([request for request in server.requests.api if request.status == 200]) == 8 * 25 + 1


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


# A file


def from_the_future(content: bytes) -> bytes:
    document = json.loads(content)
    for token in document["tokens"].values():
        token["issued_at"] += 100 * DAY
    return json.dumps(document).encode()


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda content: content[:-3],
    "another JSON": lambda _: b'[{"token": "a.b.c"}]',
    "another client's": lambda content: content.replace(b'"tokens": {"', b'"tokens": {"0'),
    "of another version": lambda content: content.replace(b'"version": 1', b'"version": 2'),
    "from the future": from_the_future,
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
async def test_X14_cache_file_spoilt(
    server: MatatikaServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "tokens.json"
    async with session_on(server, path) as session:
        await call(session)
    whole = path.read_bytes()
    path.write_bytes(spoil(whole))
    assert path.read_bytes() != whole
    for posts in (2, 2):  # it is replaced
        async with session_on(server, path) as session:
            await call(session)
        assert len(server.requests.token) == posts
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


def full(monkeypatch: pytest.MonkeyPatch, path: Path) -> Path:
    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    return path


def read_only(monkeypatch: pytest.MonkeyPatch, path: Path) -> Path:
    if not Path("/proc/self").is_dir():
        pytest.skip("there is no file system at hand that takes no files")
    return Path("/proc/self/tokens.json")


@pytest.mark.parametrize("spoil, text", [(full, "No space left on device"), (read_only, "")])
async def test_X16_disk_full_or_read_only(
    server: MatatikaServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[pytest.MonkeyPatch, Path], Path],
    text: str,
) -> None:
    path = spoil(monkeypatch, tmp_path / "tokens.json")
    with warned(caplog, text or "going on without it"):
        async with session_on(server, path) as session:
            for _ in range(10):
                await call(session)
    assert len(server.requests.token) == 1
    assert {each.name for each in tmp_path.iterdir()} <= {"tokens.json.lock"}


async def test_X16_redis_away_frozen_or_full(
    server: MatatikaServer, clock: ControlledClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with redis_server(tmp_path) as redis:
        store = RedisTokenStore(redis.url)

        async def fetch(posts: int) -> None:
            async with server.session(token_store=store) as session:
                await call(session)
                await call(session)
            assert len(server.requests.token) == posts

        await fetch(1)
        await fetch(1)
        redis.signal(signal.SIGSTOP)
        with warned(caplog, "going on without it"):
            await fetch(2)
        redis.signal(signal.SIGCONT)
        await fetch(2)
        await redis.kill()
        with warned(caplog, "going on without it"):
            await fetch(3)
        await redis.start()
        await fetch(4)  # it has forgotten everything
        await fetch(4)
        clock.advance(DAY)
        await redis.configure("maxmemory", "1")
        with warned(caplog, "going on without it"):
            await fetch(5)


# Who can read it, and whose it is


def loose(path: Path, elsewhere: Path) -> None:
    path.chmod(0o644)


def symlink(path: Path, elsewhere: Path) -> None:
    path.replace(elsewhere)
    path.symlink_to(elsewhere)


def hard_link(path: Path, elsewhere: Path) -> None:
    path.hardlink_to(elsewhere) if not path.exists() else elsewhere.hardlink_to(path)


def foreign(path: Path, elsewhere: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(path, 12_345, 12_345)


def pipe(path: Path, elsewhere: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


posix = pytest.mark.skipif(os.name != "posix", reason="modes and owners are POSIX's")


@posix
async def test_Z14_token_cache_file(server: MatatikaServer, tmp_path: Path) -> None:
    modes = set()
    path = tmp_path / "a" / "b" / "tokens.json"
    replace = Path.replace

    def seen(self: Path, target: Path) -> Path:
        modes.add(self.stat().st_mode & 0o777)
        return replace(self, target)

    with umask(0), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", seen)
        async with session_on(server, path) as session:
            await call(session)
    assert modes == {0o600}  # before it is in its place
    assert {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()} == {
        "tokens.json": 0o600,
        "tokens.json.lock": 0o600,
    }
    assert path.parent.stat().st_mode & 0o777 == 0o700


@posix
@pytest.mark.parametrize(
    "spoil, reason",
    [
        (loose, "is open to other users (mode 0644)"),
        (symlink, "is a symbolic link"),
        (hard_link, "has a second name"),
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
    async with session_on(server, path) as session:
        await call(session)
    spoil(path, elsewhere)
    before = elsewhere.read_bytes() if elsewhere.exists() else b""
    with warned(caplog, f"{path} {reason}"):
        async with session_on(server, path) as session:
            await call(session)
    assert len(server.requests.token) == 2
    status = path.lstat()
    assert (status.st_mode & 0o777, status.st_uid, status.st_nlink) == (0o600, os.geteuid(), 1)
    assert not path.is_symlink()
    assert not elsewhere.exists() or elsewhere.read_bytes() == before


@posix
async def test_Z14_the_lock_file_is_a_symbolic_link(
    server: MatatikaServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "tokens.json.lock").symlink_to(tmp_path / "elsewhere")
    with warned(caplog, "the token store failed (Too many levels of symbolic links)"):
        async with session_on(server, tmp_path / "tokens.json") as session:
            await call(session)
    assert not (tmp_path / "elsewhere").exists()


@posix
@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o702])
async def test_Z14_a_folder_that_others_can_write_to(
    server: MatatikaServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int
) -> None:
    folder = tmp_path / "open"
    session = session_on(server, folder / "tokens.json")
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(ConfigurationError, match="other users can write to the folder"):
        FileTokenStore(folder / "tokens.json")
    with warned(caplog, "other users can write to the folder"):  # it was made after the store
        async with session:
            await call(session)
    assert list(folder.iterdir()) == []


@posix
def test_Z14_a_folder_of_somebody_else(tmp_path: Path) -> None:
    foreign(tmp_path, tmp_path)
    with pytest.raises(ConfigurationError, match="the folder belongs to another user"):
        FileTokenStore(tmp_path)


async def test_Z14_a_token_store_shows_nothing(server: MatatikaServer, tmp_path: Path, witness: Witness) -> None:
    store = FileTokenStore(tmp_path)
    async with server.session(token_store=store) as session:
        await call(session)
    (token,) = {request.headers["Authorization"].removeprefix("Bearer ") for request in server.requests.api}
    assert token in (tmp_path / "tokens.json").read_text()
    names = [*(each.name for each in tmp_path.iterdir()), repr(store), repr(vars(store))]
    document = (tmp_path / "tokens.json").read_text().replace(token, "")
    for text in (*names, document):
        assert server.credentials.client_secret.reveal() not in text
        assert server.credentials.client_id not in text
