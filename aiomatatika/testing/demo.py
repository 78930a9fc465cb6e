"""A session for a program that should run anywhere: on the real API, or on a server of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Unpack

from aiomatatika.session import MatatikaSession
from aiomatatika.settings import SessionOptions
from aiomatatika.testing.server import MatatikaServer
from aiomatatika.transport.clock import Clock

__all__ = ["demo_session"]

_REMEMBERED = 100  # requests: nobody looks at them here


@asynccontextmanager
async def demo_session(
    *,
    api_keys: int = 45,
    fill: Callable[[MatatikaServer], object] | None = None,
    **options: Unpack[SessionOptions],
) -> AsyncGenerator[MatatikaSession, None]:
    """Open a session as the ``MATATIKA_*`` variables say; where none is set, on a server that lives as long as it.

    For examples and demonstrations. A production program should fail on a missing variable, as
    `MatatikaSession.from_env` does. ``session.deployment.api_url`` tells which of the two it is.

    Args:
        api_keys: How many keys the server of its own has, beside the built-in one.
        fill: Called with the server of its own, to store what the program works on, before the session is opened.
        options: What else `MatatikaSession` takes.

    Raises:
        ConfigurationError: Variables are set, but make no session (`MatatikaSession.from_env`). No server is started
            then: a program that was given credentials does not silently run without them.
    """
    if any(name.startswith("MATATIKA_") and value for name, value in os.environ.items()):
        async with MatatikaSession.from_env(**options) as session:
            yield session
    else:
        async with MatatikaServer(clock=Clock()) as server:
            server.requests.limit = _REMEMBERED
            server.add_api_keys(api_keys)
            if fill is not None:
                fill(server)
            async with server.session(**options) as session:
                yield session
