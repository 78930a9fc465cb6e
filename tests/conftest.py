"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from aiomatatika import MatatikaSession
from aiomatatika.testing import ControlledClock, MatatikaServer

settings.register_profile("default", max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# The tests of the examples need what the extra `test-examples` installs. The library's own do not, so that they run on
# the lowest dependencies and nothing else.
_ABSENT = [name for name in ("aiogram", "fastapi", "playwright", "rich") if find_spec(name) is None]
_NAMED_ONLY = [Path(__file__).parent / name for name in ("peers", "vendor")]
collect_ignore = ["examples"] if _ABSENT else []


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what needs real time and other programs, unless it is named (`make peers`, `make vendor`)."""
    is_named = any(f"tests/{collection_path.name}" in argument for argument in config.args)
    return True if collection_path in _NAMED_ONLY and not is_named else None


def pytest_report_header() -> str | None:
    if not _ABSENT:
        return None
    return f"the examples are not tested here: without {', '.join(_ABSENT)} (pip install 'aiomatatika[test-examples]')"


@pytest.fixture
def clock() -> ControlledClock:
    return ControlledClock(frozen=True)


@pytest.fixture
async def server(clock: ControlledClock) -> AsyncIterator[MatatikaServer]:
    async with MatatikaServer(clock=clock) as server:
        yield server


@pytest.fixture
async def session(server: MatatikaServer) -> AsyncIterator[MatatikaSession]:
    async with server.session() as session:
        yield session
