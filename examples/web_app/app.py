"""The app: its life cycle, its parts, and what every request goes through first."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from aiomatatika import MatatikaSession
from aiomatatika.testing import demo_session
from examples.web_app import error_pages, health, keys, secret_pages
from examples.web_app.dependencies import DeletedNames, State
from examples.web_app.guard import Guard
from examples.web_app.health import Health
from examples.web_app.one_time_secrets import OneTimeSecrets

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_SHUTDOWN_WAITS = 30.0

OpenSession = Callable[[], AbstractAsyncContextManager[MatatikaSession]]


def create_app(
    open_session: OpenSession = demo_session,
    *,
    hosts: Sequence[str] = LOOPBACK,
    patience: float = 4.0,
    shutdown_waits: float = _SHUTDOWN_WAITS,
    now: Callable[[], float] = time.monotonic,
) -> FastAPI:
    """Return the app.

    Args:
        open_session: Opens the session; in production, `MatatikaSession.from_env`.
        hosts: The hosts that browsers know the app by. Any other Host header is refused: a page of another site, its
            name pointed at this machine, would count as same-origin ("DNS rebinding").
        patience: Seconds that a request waits for a key, before it shows that the key is still being made.
        shutdown_waits: Seconds that the shutdown waits for keys in the making.
        now: A clock in seconds.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
        async with open_session() as session:
            secrets = OneTimeSecrets(patience=patience)
            try:
                yield State(session=session, secrets=secrets, health=Health(session, now=now), deleted=DeletedNames())
            finally:
                await secrets.close(within=shutdown_waits)

    app = FastAPI(
        lifespan=lifespan,
        middleware=[Middleware(Guard), Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)],
        openapi_url=None,  # pages are for people, and the documentation page would load scripts from other sites
    )
    for part in (keys, secret_pages, health):
        app.include_router(part.router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    error_pages.install(app)
    return app
