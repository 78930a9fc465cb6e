"""The store is asked before the issuer and told after it, and never ends a call."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiomatatika import (
    BearerToken,
    ClientCredentials,
    ConfigurationError,
    Deployment,
    MatatikaSession,
    Secret,
    TransportError,
)
from aiomatatika.auth import shared
from aiomatatika.auth.shared import SharedToken, shared_token
from aiomatatika.auth.source import TokenSource
from aiomatatika.auth.stores.protocol import StoredToken
from aiomatatika.testing import ControlledClock
from aiomatatika.transport.clock import Clock

from ..servers import caught
from .issuer import DAY, Issuer, down


class Memory:
    """A store of one token, in this process.

    Attributes:
        token: What it holds.
        did: What it was asked for, in order.
        fails: The methods that raise, instead of doing what they are for.
    """

    def __init__(self) -> None:
        self.token: StoredToken | None = None
        self.did: list[str] = []
        self.fails: dict[str, BaseException | None] = {}
        self.mutex = asyncio.Lock()

    async def _do(self, what: str, key: str = "key") -> None:
        assert key == "key"
        self.did.append(what)
        await asyncio.sleep(0)  # as any store lets others run
        if error := self.fails.get(what):
            raise error
        if what in self.fails:
            await asyncio.Event().wait()

    async def load(self, key: str, /) -> StoredToken | None:
        await self._do("load", key)
        return self.token

    async def save(self, key: str, token: StoredToken, replaces: StoredToken | None, /) -> None:
        await self._do("save", key)
        if self.token == replaces:
            self.token = token

    @contextlib.asynccontextmanager
    async def lock(self, key: str, within: float, /) -> AsyncIterator[None]:
        async with self.mutex:
            await self._do("lock", key)
            yield
            await self._do("release")


@pytest.fixture
def store() -> Memory:
    return Memory()


def sharing(store: Any, clock: ControlledClock, within: float = 60.0) -> Issuer:
    """Return what a process has: an issuer that grants "token-1" and so on, and a source before it that shares."""
    issuer = Issuer(clock)
    issuer.source = TokenSource(issuer, clock, issuer.session, SharedToken(store, "key", clock, within))
    return issuer


def stored(clock: ControlledClock, value: str, age: float = 0.0, lifetime: float = DAY) -> StoredToken:
    return StoredToken(Secret(value), clock.wall() - age, lifetime)


async def test_the_first_process_fetches_and_the_others_take_what_it_stored(
    store: Memory, clock: ControlledClock
) -> None:
    processes = [sharing(store, clock) for _ in range(8)]
    assert set(await asyncio.gather(*(process.get() for process in processes))) == {"token-1"}
    assert sum(len(process.asked) for process in processes) == 1
    assert store.token == stored(clock, "token-1")
    store.did.clear()
    late = sharing(store, clock)
    assert [await late.get(), await late.get()] == ["token-1"] * 2
    assert store.did == ["load"]


@pytest.mark.parametrize(
    "age, lifetime, expected",
    [
        (0.8 * DAY, DAY, "theirs"),
        (DAY - 11, DAY, "theirs"),  # good enough for now; the refresh is this process's own affair
        (DAY - 10, DAY, "token-1"),
        (-60, DAY, "theirs"),  # the clocks of two machines differ
        (-61, DAY, "token-1"),
    ],
)
async def test_a_stored_token_is_used_as_long_as_it_is_good(
    store: Memory, clock: ControlledClock, age: float, lifetime: float, expected: str
) -> None:
    store.token = stored(clock, "theirs", age, lifetime)
    assert await sharing(store, clock).get() == expected
    assert store.token.value.reveal() == expected


async def test_the_age_of_a_stored_token_counts_by_both_clocks(store: Memory, clock: ControlledClock) -> None:
    store.token = stored(clock, "theirs", DAY - 1_000)
    issuer = sharing(store, clock)
    assert await issuer.get() == "theirs"
    clock.jump(-DAY)
    clock.advance(990)
    assert await issuer.get() == "token-1"


@pytest.mark.parametrize("age, expected", [(DAY / 2, "theirs"), (0.9 * DAY, "token-2")], ids=["newer", "older"])
async def test_a_refresh_takes_a_newer_token_from_the_store(
    store: Memory, clock: ControlledClock, age: float, expected: str
) -> None:
    issuer = sharing(store, clock)
    await issuer.first()
    clock.advance(0.8 * DAY)
    store.token = stored(clock, "theirs", age)
    await issuer.get_and_settle()
    assert await issuer.get() == expected
    assert store.token.value.reveal() == expected


async def test_a_refused_token_is_replaced_once_for_all(store: Memory, clock: ControlledClock) -> None:
    processes = [sharing(store, clock) for _ in range(8)]
    tokens = await asyncio.gather(*(process.token() for process in processes))
    for process, token in zip(processes, tokens, strict=True):
        assert process.source.replace(token)
    assert len(set(await asyncio.gather(*(process.get() for process in processes)))) == 1
    assert sum(len(process.asked) for process in processes) == 2


async def test_a_failure_is_each_process_s_own(store: Memory, clock: ControlledClock) -> None:
    issuer = sharing(store, clock)
    issuer.answers.append(down())
    assert isinstance(await caught(issuer.get()), TransportError)
    assert (store.token, store.did) == (None, ["load", "lock", "load", "release"])


async def test_a_token_without_a_lifetime_is_not_stored(store: Memory, clock: ControlledClock) -> None:
    issuer = sharing(store, clock)
    issuer.lifetime = None
    assert await issuer.get() == "token-1"
    assert "save" not in store.did


class NotAwaitable(Memory):
    def load(self, key: str, /) -> Any:
        return None


class Foreign(Memory):
    async def load(self, key: str, /) -> Any:
        return {"token": "a.b.c"}


class NoLock(Memory):
    def lock(self, key: str, within: float, /) -> Any:
        raise LookupError("canary")


@pytest.mark.parametrize(
    "make, fails, says",
    [
        *(
            (Memory, {method: LookupError("canary")}, "LookupError at test_shared")
            for method in ("load", "lock", "save")
        ),
        *((Memory, {method: None}, "TimeoutError at") for method in ("load", "lock", "save")),
        (Memory, {"save": OSError(28, "No space left on device")}, "No space left on device"),
        *((Memory, {"release": LookupError("canary")}, None), (Memory, {"release": None}, None)),
        *((NotAwaitable, {}, "TypeError at"), (Foreign, {}, "AttributeError at")),
        (NoLock, {}, "LookupError at test_shared.py"),
    ],
)
async def test_a_store_that_fails_costs_a_warning_and_no_call(
    clock: ControlledClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    make: Any,
    fails: dict[str, BaseException | None],
    says: str | None,
) -> None:
    assert shared._PATIENCE == 2
    monkeypatch.setattr(shared, "_PATIENCE", 0.01)
    store = make()
    store.fails = fails
    issuer = sharing(store, clock, within=0.0)  # no time to wait for a lock
    assert await issuer.get() == "token-1"
    assert issuer.asked == [3]
    assert [record.levelno for record in caplog.records] == ([logging.WARNING] if says else [])
    assert (says or "") in caplog.text
    assert all(re.fullmatch(r"the token store failed \(.*\): going on without it", each) for each in caplog.messages)
    assert "canary" not in caplog.text


async def test_closing_gives_the_lock_back(store: Memory, clock: ControlledClock) -> None:
    issuer = sharing(store, clock)
    issuer.gate.clear()
    caller = asyncio.create_task(issuer.get())
    while not issuer.asked:
        await asyncio.sleep(0)
    assert store.mutex.locked()
    await issuer.close()
    await asyncio.wait({caller})
    assert not store.mutex.locked()
    assert store.token is None


# Whose token it is


def key_of(client_id: str = "id", token_url: str = "https://id.test/token", audience: str = "x") -> str:
    deployment = Deployment("https://api.test/api", token_url=token_url, audience=audience)
    found = shared_token(Memory(), ClientCredentials(client_id, "canary"), deployment, Clock(), 60.0)
    assert found is not None
    return found._key


def test_a_key_is_a_digest_of_endpoint_client_and_audience() -> None:
    keys = {key_of(), key_of("id2"), key_of(token_url="https://id2.test/token"), key_of(audience="y")}
    assert len(keys) == 4
    assert key_of() in keys
    assert all(len(key) == 64 and int(key, 16) for key in keys)


@pytest.mark.parametrize(
    "credentials, store, says",
    [
        (BearerToken("a.b.c"), Memory, "token_store goes with ClientCredentials"),
        (ClientCredentials("id", "secret"), dict, "token_store must have the methods of a TokenStore; dict has not"),
    ],
)
async def test_a_store_that_cannot_be_used_is_refused(credentials: Any, store: Any, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        MatatikaSession(credentials, token_store=store())
