"""A token store in memory, as each of several processes sees it: late, out of reach, or left locked by the dead."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiomatatika.auth.stores.protocol import StoredToken

__all__ = ["ProcessStore", "SharedStore"]

_LEASE = 10.0  # seconds until the lock of a dead process is free


class SharedStore:
    """What the processes share: one token, as they are the same client, and its lock."""

    def __init__(self) -> None:
        self.token: StoredToken | None = None
        self.lock = asyncio.Lock()


class ProcessStore:
    """One process's `TokenStore`.

    Args:
        shared: What it shares with the others.
        rng: Its dice.
        share_of_faults: How many of its calls go wrong.
        note: Called whenever a process may have to fetch a token that it would not have fetched otherwise.
    """

    def __init__(
        self, shared: SharedStore, rng: random.Random, share_of_faults: float, note: Callable[[], None]
    ) -> None:
        self._shared, self._rng, self._share, self._note = shared, rng, share_of_faults, note
        self._loaded: StoredToken | None = None

    def _goes_wrong(self) -> bool:
        if self._rng.random() >= self._share:
            return False
        self._note()
        return True

    async def _travel(self) -> None:
        await asyncio.sleep(self._rng.choice((0, 0.001, 0.1)))
        if self._goes_wrong():
            await asyncio.sleep(self._rng.choice((0, 1, 5)))
            raise OSError("the store is out of reach")

    async def load(self, key: str, /) -> StoredToken | None:
        await self._travel()
        self._loaded = self._shared.token
        return self._loaded

    async def save(self, key: str, token: StoredToken, replaces: StoredToken | None, /) -> None:
        await self._travel()
        if self._shared.token == replaces:
            self._shared.token = token

    @asynccontextmanager
    async def lock(self, key: str, within: float, /) -> AsyncIterator[None]:
        await self._travel()
        before, lock = self._loaded, self._shared.lock
        try:
            await asyncio.wait_for(lock.acquire(), within)
        except TimeoutError:
            self._note()
            yield
            return
        try:
            yield
        finally:
            if self._shared.token == before:  # the fetch has failed, and the next process tries its own
                self._note()
            if self._goes_wrong():
                asyncio.get_running_loop().call_later(_LEASE, lock.release)
            else:
                lock.release()
