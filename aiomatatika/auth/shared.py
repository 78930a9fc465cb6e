"""The token that processes share: the store is asked before the issuer, and told after it.

What a store does or fails to do never ends a call: a store that fails is left out until the next fetch, with a WARNING.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar

from aiomatatika.auth.raised import raised_at
from aiomatatika.auth.stores.protocol import StoredToken, TokenStore
from aiomatatika.auth.token import Granted, Instant, Refused
from aiomatatika.credentials import ClientCredentials, Credentials
from aiomatatika.deployment import Deployment
from aiomatatika.errors import ConfigurationError
from aiomatatika.transport.clock import Clock

__all__ = ["SharedToken", "shared_token"]

_logger = logging.getLogger(__name__)

T = TypeVar("T")

_PATIENCE: Final = 2.0
# Clocks of two machines differ; a token from further ahead than this is from a clock that is wrong.
_MAX_SKEW: Final = 60.0


class _StoreError(Exception):
    """The store has failed, and the WARNING is out."""


class SharedToken:
    """One token of a store.

    Args:
        store: Where it is shared.
        key: Whose token it is.
        clock: The time.
        within: The seconds that a token request may take, and so the lock be waited for.
    """

    def __init__(self, store: TokenStore, key: str, clock: Clock, within: float) -> None:
        self._store = store
        self._key = key
        self._clock = clock
        self._within = within

    async def fetch(
        self, ask: Callable[[], Awaitable[Granted | Refused]], helps: Callable[[Granted], bool]
    ) -> Granted | Refused:
        """Return the token of the store if it helps; else fetch one while no other process does, and store it."""
        outcome: Granted | Refused | None = None
        try:
            _, found = await self._in_time(self._load, _PATIENCE)
            if found is not None and helps(found):
                return found
            async with self._locked():
                stored, found = await self._in_time(self._load, _PATIENCE)  # another process may have been faster
                if found is not None and helps(found):
                    return found
                outcome = await ask()
                if isinstance(outcome, Granted) and outcome.lifetime is not None:
                    fresh = StoredToken(outcome.value, outcome.asked_at.wall, outcome.lifetime)
                    await self._in_time(lambda: self._store.save(self._key, fresh, stored), _PATIENCE)
        except _StoreError:
            return await ask() if outcome is None else outcome
        return outcome

    async def _load(self) -> tuple[StoredToken | None, Granted | None]:
        """Return what is stored, and the same as a grant unless it is from the future."""
        stored = await self._store.load(self._key)
        if stored is None:
            return None, None
        age = self._clock.wall() - stored.issued_at
        asked_at = Instant(stored.issued_at, self._clock.monotonic() - max(age, 0.0))
        return stored, Granted(stored.value, stored.lifetime, asked_at) if age >= -_MAX_SKEW else None

    @contextlib.asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        lock = await self._in_time(self._lock, self._within + _PATIENCE)
        try:
            yield
        finally:
            with contextlib.suppress(Exception):  # a lock that is not given back ends with its time limit
                async with asyncio.timeout(_PATIENCE):
                    await lock.__aexit__(None, None, None)

    async def _lock(self) -> contextlib.AbstractAsyncContextManager[object]:
        lock = self._store.lock(self._key, self._within)
        await lock.__aenter__()
        return lock

    async def _in_time(self, ask_store: Callable[[], Awaitable[T]], seconds: float) -> T:
        """Ask the store for something, but not for long; whatever it raises becomes a WARNING and a `_StoreError`."""
        try:
            async with asyncio.timeout(seconds):
                return await ask_store()
        except Exception as error:  # noqa: BLE001  # whatever a store raises costs a WARNING, never a call
            what = error.strerror if isinstance(error, OSError) and error.strerror else raised_at(error)
            _logger.warning("the token store failed (%s): going on without it", what)
        raise _StoreError


def shared_token(  # noqa: PLR0913, PLR0917  # the store, whose token it is, and two for its limits
    store: TokenStore | None, credentials: Credentials, deployment: Deployment, clock: Clock, within: float
) -> SharedToken | None:
    """Return the place of a session's token in a store; None without a store.

    Raises:
        ConfigurationError: The store lacks a method, or the credentials are a `BearerToken`.
    """
    if store is None:
        return None
    if not all(callable(getattr(store, method, None)) for method in ("load", "save", "lock")):
        raise ConfigurationError(f"token_store must have the methods of a TokenStore; {type(store).__name__} has not")
    if not isinstance(credentials, ClientCredentials):
        raise ConfigurationError("token_store goes with ClientCredentials: a BearerToken is the caller's own")
    whose = f"{deployment.token_url}\n{credentials.client_id}\n{deployment.audience}"
    return SharedToken(store, hashlib.sha256(whose.encode()).hexdigest(), clock, within)
