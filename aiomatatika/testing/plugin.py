"""The pytest plugin: a running server and a session on it, for the tests that ask for them.

pytest loads it wherever the library is installed. It does nothing by itself, and imports next to nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from aiomatatika.session import MatatikaSession
    from aiomatatika.testing.server import MatatikaServer


def _async_fixture(function: Callable[..., AsyncIterator[Any]]) -> Any:
    """Make an async fixture, or one that says what is missing for it: without it the plugin must be no trouble."""
    try:
        import pytest_asyncio
    except ImportError:
        name = function.__name__

        def missing() -> None:
            pytest.fail(f"the fixture {name} needs pytest-asyncio: pip install pytest-asyncio", pytrace=False)

        missing.__doc__ = function.__doc__
        return pytest.fixture(name=name)(missing)
    return pytest_asyncio.fixture(function)


@_async_fixture
async def matatika_server() -> AsyncIterator[MatatikaServer]:
    """A running `aiomatatika.testing.MatatikaServer`, new for each test."""
    from aiomatatika.testing.server import MatatikaServer

    async with MatatikaServer() as server:
        yield server


@_async_fixture
async def matatika_session(matatika_server: MatatikaServer) -> AsyncIterator[MatatikaSession]:
    """An open `aiomatatika.MatatikaSession` on the test's ``matatika_server``, by its clock."""
    async with matatika_server.session() as session:
        yield session
