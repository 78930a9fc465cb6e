"""The grant of a user's callable: whatever it brings becomes a token, or the reason why there is none."""

from __future__ import annotations

import asyncio
import inspect

from aiomatatika.auth.token import Grant, Granted, Instant, Refused
from aiomatatika.credentials import AccessToken, TokenCallable
from aiomatatika.errors import AuthenticationError, ConfigurationError, MatatikaError, TransportTimeoutError
from aiomatatika.secret import Secret
from aiomatatika.transport.clock import Clock

__all__ = ["callable_grant"]


def callable_grant(bring: TokenCallable, clock: Clock, seconds: float) -> Grant:
    """Return the grant of a user's callable: a str lasts until it is refused, an `AccessToken` as long as it says."""

    async def grant(_attempts: int) -> Granted | Refused:
        asked_at, limit = Instant.now(clock), asyncio.timeout(seconds)  # everybody waits for it, so it must not hang
        try:
            async with limit:
                token = await _brought_by(bring)
        except TimeoutError:
            if not limit.expired():
                raise
            token = TransportTimeoutError(f"the token callable did not end within {seconds:g} s", sent="no")
        if isinstance(token, MatatikaError):
            return Refused(token)
        return Granted(token.value, token.expires_in, asked_at)

    return grant


async def _brought_by(bring: TokenCallable) -> AccessToken | MatatikaError:
    awaitable = bring()
    if not inspect.isawaitable(awaitable):
        return AuthenticationError(
            f"the token callable must be async: it returned {type(awaitable).__name__}, which cannot be awaited"
        )
    brought = await awaitable
    if isinstance(brought, AccessToken):
        return brought
    if not isinstance(brought, str | Secret):
        return AuthenticationError(
            f"the token callable returned {type(brought).__name__}: expected str, Secret or AccessToken"
        )
    try:
        return AccessToken(brought)
    except ConfigurationError as error:
        reason = str(error)
    return AuthenticationError(f"the token callable returned no bearer token: {reason}")
