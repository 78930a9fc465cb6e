"""What all tests share."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from aiomatatika import MatatikaSession
from aiomatatika.testing import ControlledClock, MatatikaServer

if TYPE_CHECKING:
    from _typeshed import TraceFunction

settings.register_profile("default", max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

if "PYTEST_XDIST_WORKER" in os.environ:
    # The programs that tests start are judged by what they do: measuring them as well would take a fifth of the time.
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)

# The tests of the examples and of the site need what the extra `test-examples` installs. The library's own do not, so
# that they run on the lowest dependencies and nothing else.
_NEEDS = {
    "docs": ("fastapi", "httpx", "pandas", "pyarrow", "sybil"),
    "examples": ("aiogram", "fastapi", "matplotlib", "playwright", "pyarrow", "rich"),
}
_ABSENT = {room: [name for name in names if find_spec(name) is None] for room, names in _NEEDS.items()}
_NOT_MEASURED = {"docs", "examples", "fuzz", "simulation"}
_NAMED_ONLY = {"peers", "site", "vendor"}  # `make peers`, `make docs`, `make vendor`
_TRACERS = pytest.StashKey["tuple[TraceFunction | None, TraceFunction | None]"]()
collect_ignore = [room for room, names in _ABSENT.items() if names]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the tests that a command of their own runs, unless they are named."""
    if collection_path.parent != Path(__file__).parent or collection_path.name not in _NAMED_ONLY:
        return None
    is_named = any(f"tests/{collection_path.name}" in argument for argument in config.args)
    return None if is_named else True


def pytest_report_header() -> list[str]:
    return [
        f"tests/{room} is left out: without {', '.join(names)} (pip install 'aiomatatika[test-examples]')"
        for room, names in _ABSENT.items()
        if names
    ]


@contextlib.contextmanager
def _traced_by(here: TraceFunction | None, in_new_threads: TraceFunction | None) -> Iterator[None]:
    before = sys.gettrace(), threading.gettrace()
    sys.settrace(here)
    threading.settrace(in_new_threads)
    try:
        yield
    finally:
        sys.settrace(before[0])
        threading.settrace(before[1])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let coverage trace tests, and not pytest: traced, it takes twice the time."""
    if "COVERAGE_RUN" not in os.environ:  # whatever else traces is a debugger
        return (yield)
    item.stash[_TRACERS] = sys.gettrace(), threading.gettrace()
    with _traced_by(None, None):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Trace a test, unless it covers nothing that the others do not."""
    room = pyfuncitem.path.relative_to(Path(__file__).parent).parts[0]
    if room in _NOT_MEASURED or _TRACERS not in pyfuncitem.stash:
        return (yield)
    with _traced_by(*pyfuncitem.stash[_TRACERS]):
        return (yield)


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
