"""A Redis that shares tokens; `tests/faults/test_process_tokens.py` has what happens when it fails."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from aiomatatika import ConfigurationError, RedisTokenStore, Secret
from aiomatatika.auth.stores import redis as module
from aiomatatika.auth.stores.protocol import StoredToken

from ...canary import shown_by, shown_by_error
from ...fleet import RedisServer, redis_server

NEW, OLD, OTHER = (StoredToken(Secret(f"a.b.{name}"), 1_000.5, 60.0) for name in ("new", "old", "other"))
NAME = "aiomatatika:token:key"


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[RedisServer]:
    async with redis_server(tmp_path) as redis:
        yield redis


@pytest.fixture
async def client(redis: RedisServer) -> AsyncIterator[Any]:
    client = importlib.import_module("redis.asyncio").Redis.from_url(redis.url)
    yield client
    await client.aclose()


async def test_a_token_is_kept_for_its_key_until_it_expires(redis: RedisServer, client: Any) -> None:
    for store in (RedisTokenStore(redis.url), RedisTokenStore(client)):
        await client.flushall()
        assert await store.load("key") is None
        await store.save("key", NEW, None)
        assert (await store.load("key"), await store.load("another key")) == (NEW, None)
        assert 50_000 < await client.pttl(NAME) <= 60_000
        async with store.lock("key", 60.0) as held:
            assert held
    assert await client.ping()  # the caller's own stays open


async def test_text_responses_are_read_too(redis: RedisServer) -> None:
    client = importlib.import_module("redis.asyncio").Redis.from_url(redis.url, decode_responses=True)
    store = RedisTokenStore(client)
    await store.save("key", OLD, None)
    await store.save("key", NEW, OLD)
    assert await store.load("key") == NEW
    await client.aclose()


@pytest.mark.parametrize(
    "present, replaces, kept",
    [
        (None, None, NEW),
        (OLD, OLD, NEW),
        (None, OLD, NEW),
        (OTHER, OLD, OTHER),
        (OTHER, None, OTHER),
        (b"?", None, NEW),
    ],
)
async def test_only_the_token_that_it_replaces_is_replaced(
    client: Any, present: StoredToken | bytes | None, replaces: StoredToken | None, kept: StoredToken
) -> None:
    store = RedisTokenStore(client)
    if isinstance(present, bytes):
        await client.set(NAME, present)
    elif present is not None:
        await store.save("key", present, None)
    await store.save("key", NEW, replaces)
    assert await store.load("key") == kept


async def test_what_comes_between_reading_and_writing_is_not_overwritten(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, get = RedisTokenStore(client), module._get

    async def slow(*arguments: Any) -> Secret:
        value = await get(*arguments)
        monkeypatch.undo()
        await store.save("key", OTHER, None)
        return value

    monkeypatch.setattr(module, "_get", slow)
    await store.save("key", NEW, None)
    assert await store.load("key") == OTHER


# The lock


async def test_the_lock_is_waited_for_in_time_only_and_renewed(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RENEWAL", 0.01)
    store = RedisTokenStore(client)
    async with store.lock("key", 60.0) as held:
        assert held
        await client.pexpire(f"{NAME}:lock", 2_000)
        async with asyncio.timeout(10):
            while await client.pttl(f"{NAME}:lock") <= 2_000:
                await asyncio.sleep(0.01)
        async with store.lock("key", 0.1) as too, store.lock("another key", 0.0) as other:
            assert (too, other) == (False, True)
        assert await client.exists(f"{NAME}:lock")  # who did not get it does not give it back
        waiting = asyncio.create_task(hold(store))
        await asyncio.sleep(0.1)
        assert not waiting.done()
    async with asyncio.timeout(10):
        assert await waiting
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def hold(store: RedisTokenStore) -> bool:
    async with store.lock("key", 60.0) as held:
        return held


async def test_a_lock_that_somebody_else_holds_by_now_is_neither_renewed_nor_given_back(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_RENEWAL", 0.01)
    async with RedisTokenStore(client).lock("key", 60.0):
        await client.set(f"{NAME}:lock", "theirs", px=2_500)
        await asyncio.sleep(0.1)
        assert await client.pttl(f"{NAME}:lock") < 2_500
    assert await client.get(f"{NAME}:lock") == b"theirs"


async def test_the_lock_of_a_holder_that_died_ends_by_itself(client: Any) -> None:
    async with RedisTokenStore(client).lock("key", 60.0):
        assert 0 < await client.pttl(f"{NAME}:lock") <= 3_000


# What is given


@pytest.mark.parametrize("url", ["", "localhost:6379", "http://h", "redis://u:canary@h:port/0"])
def test_a_url_that_cannot_work_is_refused_and_not_shown(url: str) -> None:
    pytest.importorskip("redis")
    with pytest.raises(ConfigurationError, match="must begin with redis://") as caught:
        RedisTokenStore(url)
    assert "canary" not in "".join(shown_by_error(caught.value, but_not=__file__))


def test_a_store_shows_no_password() -> None:
    pytest.importorskip("redis")
    assert "canary" not in "".join(shown_by(RedisTokenStore("redis://user:canary@localhost/0")))


@pytest.mark.parametrize("client", [None, 5, b"redis://h"])
def test_a_client_is_a_client(client: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"must be a redis\.asyncio\.Redis or a URL"):
        RedisTokenStore(client)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_: str) -> None:
        raise ImportError

    monkeypatch.setattr(module, "import_module", absent)
    with pytest.raises(ConfigurationError, match=r"pip install 'aiomatatika\[redis\]'"):
        RedisTokenStore("redis://localhost/0")
