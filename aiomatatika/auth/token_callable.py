"""The grant of a user's callable: whatever it brings or raises becomes a token, or the reason why there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiomatatika.auth.token import Grant, Granted, Instant, Refused
from aiomatatika.credentials import AccessToken
from aiomatatika.errors import AuthenticationError, ConfigurationError, MatatikaError
from aiomatatika.secret import Secret
from aiomatatika.transport.clock import Clock

__all__ = ["callable_grant"]


def callable_grant(bring: Callable[[], Awaitable[str | AccessToken]], clock: Clock, seconds: float) -> Grant:
    """Return the grant of a user's callable: a str lasts until it is refused, an `AccessToken` as long as it says."""

    async def grant(_attempts: int) -> Granted | Refused:
        asked_at = Instant.now(clock)
        async with asyncio.timeout(seconds):  # everybody waits for it, so it must not hang
            token = _as_access_token(await bring())
        if isinstance(token, MatatikaError):
            return Refused(token)
        return Granted(token.value, token.expires_in, asked_at)

    return grant


def _as_access_token(brought: object) -> AccessToken | MatatikaError:
    if isinstance(brought, AccessToken):
        return brought
    if not isinstance(brought, str | Secret):
        return AuthenticationError(f"the token callable returned {type(brought).__name__}: expected str or AccessToken")
    try:
        return AccessToken(brought)
    except ConfigurationError:
        pass
    return AuthenticationError(
        "the token callable returned what is no bearer token (give it bare: no Bearer, no quotes)"
    )
