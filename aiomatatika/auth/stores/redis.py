"""`RedisTokenStore`: a token for all machines that reach one Redis."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable
from importlib import import_module
from typing import Any, Final, Protocol

from aiomatatika.auth.stores.document import from_text, to_text
from aiomatatika.auth.stores.protocol import StoredToken
from aiomatatika.errors import ConfigurationError
from aiomatatika.secret import Secret

__all__ = ["RedisTokenStore"]

_PREFIX: Final = "aiomatatika:token:"
_PATIENCE: Final = 1.0
# The lock of a holder that died is free after this; a living one renews it in time.
_LEASE: Final = 3.0
_RENEWAL: Final = 1.0
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 0.5

_REPLACE: Final = """
local present = redis.call('GET', KEYS[1])
if (present or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
_RENEW: Final = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('PEXPIRE', KEYS[1], ARGV[2]) or 0"
_RELEASE: Final = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0"


class Redis(Protocol):
    """What is asked of a `redis.asyncio.Redis`: a protocol, so that types do not need the package."""

    @property
    def get(self) -> Callable[..., Any]:
        """``GET``."""

    @property
    def set(self) -> Callable[..., Any]:
        """``SET``."""

    @property
    def eval(self) -> Callable[..., Any]:
        """``EVAL``."""

    @property
    def aclose(self) -> Callable[..., Any]:
        """Close the connections."""


class RedisTokenStore:
    """Shares tokens between machines through Redis (the extra ``redis``).

    Redis holds each token in clear text until it has expired, under a digest of whose token it is. A Redis that is
    away, slow (1 s) or full costs a WARNING: each process then fetches a token of its own. The lock for fetching ends
    3 s after its holder has died.

    Args:
        client: A `redis.asyncio.Redis`, which stays open, for the event loop that it belongs to. Or a URL such as
            ``rediss://user:password@host/0``: then a connection is opened when a token is due, and closed after it.

    Raises:
        ConfigurationError: The URL cannot work, or the package ``redis`` is not installed.
    """

    def __init__(self, client: Redis | str) -> None:
        self._client: Redis | None = None
        self._url = Secret("")
        if isinstance(client, str):
            self._url = Secret(client)
            del client  # it can hold a password
            self._connect()
        elif callable(getattr(client, "set", None)) and callable(getattr(client, "eval", None)):
            self._client = client
        else:
            raise ConfigurationError(f"client must be a redis.asyncio.Redis or a URL, not {type(client).__name__}")

    def _connect(self) -> Redis:
        """Return a client of the URL; it connects on first use."""
        try:
            redis = import_module("redis.asyncio")
        except ImportError:
            redis = None
        if redis is None:
            raise ConfigurationError("RedisTokenStore needs the package redis: pip install 'aiomatatika[redis]'")
        with contextlib.suppress(Exception):  # its text quotes the URL, and so do its frames
            client: Redis = redis.Redis.from_url(
                self._url.reveal(), socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE
            )
            return client
        raise ConfigurationError("the URL of a RedisTokenStore must begin with redis://, rediss:// or unix://")

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[Redis]:
        if self._client is not None:
            yield self._client
            return
        client = self._connect()
        try:
            yield client
        finally:
            await client.aclose()

    async def load(self, key: str, /) -> StoredToken | None:
        """Return the token of a key, in one round trip."""
        async with self._connected() as client, asyncio.timeout(_PATIENCE):
            return from_text(await _get(client, key)).get(key)

    async def save(self, key: str, token: StoredToken, replaces: StoredToken | None, /) -> None:
        """Keep the token of a key until it expires, unless another than the one that it replaces is there by now."""
        async with self._connected() as client, asyncio.timeout(_PATIENCE):
            present = await _get(client, key)
            if from_text(present).get(key, replaces) == replaces:
                milliseconds = max(1, int(1_000 * token.lifetime))
                await client.eval(
                    _REPLACE, 1, _PREFIX + key, present.reveal(), to_text({key: token}).reveal(), milliseconds
                )

    @contextlib.asynccontextmanager
    async def lock(self, key: str, within: float, /) -> AsyncIterator[bool]:
        """Hold the lock of a key, and renew it while the block runs; False: it was not to be had in time."""
        name, fence = f"{_PREFIX}{key}:lock", secrets.token_hex(16)
        async with self._connected() as client:
            held = await _acquired(client, name, fence, within)
            if not held:
                yield False
                return
            over = asyncio.Event()
            renewal = asyncio.create_task(_renew(client, name, fence, over))
            try:
                yield True
            finally:
                over.set()
                await asyncio.wait({renewal}, timeout=_PATIENCE)
                async with asyncio.timeout(_PATIENCE):
                    await client.eval(_RELEASE, 1, name, fence)

    def __repr__(self) -> str:
        return "RedisTokenStore()"


async def _get(client: Redis, key: str) -> Secret:
    value = await client.get(_PREFIX + key)
    return Secret(value.decode("utf-8", "replace") if isinstance(value, bytes) else value or "")


async def _acquired(client: Redis, name: str, fence: str, within: float) -> bool:
    """Wait for the lock; the fence tells it from one that somebody else holds by now."""
    end, pause = time.monotonic() + within, _FIRST_PAUSE
    while True:
        async with asyncio.timeout(_PATIENCE):
            if await client.set(name, fence, nx=True, px=int(1_000 * _LEASE)):
                return True
        if time.monotonic() + pause > end:
            return False
        await asyncio.sleep(pause)
        pause = min(1.5 * pause, _LONGEST_PAUSE)


async def _renew(client: Redis, name: str, fence: str, over: asyncio.Event) -> None:
    """Renew the lock until it is over, or lost: then it ends by itself."""
    with contextlib.suppress(Exception):
        while not over.is_set():
            # Told, not cancelled: a cancellation in the middle of a command costs the client's connection.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_RENEWAL):
                    await over.wait()
                return
            async with asyncio.timeout(_PATIENCE):
                if not await client.eval(_RENEW, 1, name, fence, int(1_000 * _LEASE)):
                    return
