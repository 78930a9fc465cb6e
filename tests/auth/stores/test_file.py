"""A token file, seen from one process; `tests/faults/test_process_tokens.py` has what several do to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from aiomatatika import ConfigurationError, FileTokenStore, Secret
from aiomatatika.auth.stores.file_lock import FileLock
from aiomatatika.auth.stores.protocol import StoredToken

NEW, OLD, OTHER = (StoredToken(Secret(f"a.b.{name}"), 1_000.5, 60.0) for name in ("new", "old", "other"))


async def test_a_token_is_kept_for_its_key(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    assert await FileTokenStore(path).load("key") is None
    await FileTokenStore(str(path)).save("key", NEW, None)
    await FileTokenStore(path).save("another key", OTHER, None)
    store = FileTokenStore(path)
    assert (await store.load("key"), await store.load("another key")) == (NEW, OTHER)
    assert json.loads(path.read_text()) == {
        "version": 1,
        "tokens": {
            "key": {"token": "a.b.new", "issued_at": 1_000.5, "lifetime": 60.0},
            "another key": {"token": "a.b.other", "issued_at": 1_000.5, "lifetime": 60.0},
        },
    }


@pytest.mark.parametrize(
    "present, replaces, kept",
    [(None, None, NEW), (OLD, OLD, NEW), (None, OLD, NEW), (OTHER, OLD, OTHER), (OTHER, None, OTHER)],
)
async def test_only_the_token_that_it_replaces_is_replaced(
    tmp_path: Path, present: StoredToken | None, replaces: StoredToken | None, kept: StoredToken
) -> None:
    store = FileTokenStore(tmp_path)
    if present is not None:
        await store.save("key", present, None)
    await store.save("key", NEW, replaces)
    assert await store.load("key") == kept


@pytest.mark.parametrize("later, kept", [(59.0, {"key", "later"}), (60.0, {"later"})])
async def test_expired_tokens_are_left_out(tmp_path: Path, later: float, kept: set[str]) -> None:
    store = FileTokenStore(tmp_path)
    await store.save("key", NEW, None)
    await store.save("later", StoredToken(Secret("x"), NEW.issued_at + later, 60.0), None)
    assert set(json.loads((tmp_path / "tokens.json").read_text())["tokens"]) == kept


async def test_a_path_stays_the_same_wherever_the_program_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = FileTokenStore("tokens.json")
    monkeypatch.chdir("/")
    await store.save("key", NEW, None)
    assert (tmp_path / "tokens.json").exists()
    assert repr(store) == f"FileTokenStore('{tmp_path / 'tokens.json'}')"


@pytest.mark.parametrize("path", [None, 5])
def test_a_path_is_a_path(path: Any) -> None:
    with pytest.raises(ConfigurationError, match="must be a path"):
        FileTokenStore(path)


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="Not a directory"):
        FileTokenStore(tmp_path / "file" / "folder" / "tokens.json")


# The lock


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").is_dir() else 0


async def test_one_at_a_time_holds_the_lock(tmp_path: Path) -> None:
    store, running, most = FileTokenStore(tmp_path), 0, 0

    async def work() -> None:
        nonlocal running, most
        async with store.lock("key", 60.0) as held:
            assert held
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    before = open_files()
    await asyncio.gather(*(work() for _ in range(10)))
    assert most == 1
    assert open_files() == before


async def test_the_lock_is_not_waited_for_any_longer_than_said(tmp_path: Path) -> None:
    before = open_files()
    async with FileLock(tmp_path / "lock", 60.0) as held:
        assert held
        began = time.monotonic()
        async with FileLock(tmp_path / "lock", 0.05) as too:
            assert not too
        assert time.monotonic() - began < 5
    async with FileLock(tmp_path / "lock", 0.0) as again:
        assert again
    assert open_files() == before


async def test_who_is_cancelled_in_the_queue_leaves_nothing_behind(tmp_path: Path) -> None:
    before = open_files()

    async def wait() -> None:
        async with FileLock(tmp_path / "lock", 60.0):
            raise AssertionError

    async with FileLock(tmp_path / "lock", 60.0):
        for turns in range(20):  # wherever it is on its way
            waiting = asyncio.create_task(wait())
            for _ in range(turns):
                await asyncio.sleep(0.001)
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waiting
    async with FileLock(tmp_path / "lock", 60.0) as held:
        assert held
    await asyncio.get_running_loop().shutdown_default_executor()
    assert open_files() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
async def test_a_child_that_was_forked_meanwhile_does_not_keep_the_lock(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    async with FileLock(tmp_path / "lock", 60.0):
        child = os.fork()
        if child == 0:
            os.read(reading, 1)
            os._exit(0)
    try:
        async with FileLock(tmp_path / "lock", 0.0) as held:
            assert held
    finally:
        os.write(writing, b"x")
        os.close(writing)
        os.close(reading)
        os.waitpid(child, 0)
