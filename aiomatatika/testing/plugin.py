"""The pytest plugin: a running server and a session on it, for the tests that ask for them.

pytest loads it wherever the library is installed, so it imports nothing until a test asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from aiomatatika.session import MatatikaSession
    from aiomatatika.testing.server import ThreadedServer

_LOOP_SCOPE = "asyncio_default_test_loop_scope"  # a setting of pytest-asyncio
_SESSION_FIXTURES = "aiomatatika.testing.session_fixtures"


def pytest_configure(config: pytest.Config) -> None:
    """Add the fixtures that need pytest-asyncio, where it is active."""
    try:
        config.getini(_LOOP_SCOPE)
    except ValueError:  # it is absent, or too old
        return
    config.pluginmanager.register(import_module(_SESSION_FIXTURES), _SESSION_FIXTURES)


@pytest.fixture
def matatika_server() -> Iterator[ThreadedServer]:
    """A running `aiomatatika.testing.MatatikaServer`, new for each test, in a thread of its own."""
    from aiomatatika.testing.server import MatatikaServer

    with MatatikaServer.in_thread() as server:
        yield server


@pytest.fixture
def matatika_session(request: pytest.FixtureRequest) -> MatatikaSession:
    """An open `aiomatatika.MatatikaSession` on ``matatika_server``, by its clock and in the event loop of the test."""
    if not request.config.pluginmanager.has_plugin(_SESSION_FIXTURES):
        pytest.fail(
            "the fixture matatika_session needs pytest-asyncio: pip install 'pytest-asyncio>=0.26'", pytrace=False
        )
    marker = request.node.get_closest_marker("asyncio")
    scope = (marker and marker.kwargs.get("loop_scope")) or request.config.getini(_LOOP_SCOPE)
    session: MatatikaSession = request.getfixturevalue(f"_matatika_session_in_{scope}_loop")
    return session
