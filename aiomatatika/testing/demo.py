"""A session for a program that is to run anywhere: on the real API, or on a server of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiomatatika.session import MatatikaSession
from aiomatatika.testing.server import MatatikaServer
from aiomatatika.transport.clock import Clock

__all__ = ["demo_session"]

_REMEMBERED = 100  # requests: nobody asks for them here


@asynccontextmanager
async def demo_session(*, api_keys: int = 45, **options: Any) -> AsyncIterator[MatatikaSession]:
    """Open a session as the ``MATATIKA_*`` variables say; where none is set, on a server that lives as long as it.

    For examples and demonstrations, not for production: there a missing variable is to be an error, as it is in
    `MatatikaSession.from_env`. ``session.deployment.api_url`` tells which of the two it is.

    Args:
        api_keys: How many keys the server of its own has, beside the built-in one.
        options: What else `MatatikaSession` takes.

    Raises:
        ConfigurationError: A variable is set, but they make no session (`MatatikaSession.from_env`). No server is
            started then: a program that was given credentials does not silently do without.
    """
    if any(name.startswith("MATATIKA_") and value for name, value in os.environ.items()):
        async with MatatikaSession.from_env(**options) as session:
            yield session
    else:
        async with MatatikaServer(clock=Clock()) as server:
            server.requests.limit = _REMEMBERED
            server.add_api_keys(api_keys)
            async with server.session(**options) as session:
                yield session
