"""The invariants that hold for every fault, checked around every test of this folder.

G1 no secret shows · G2 no credential elsewhere · G4 nothing left after `close` · G5 errors pickle and copy ·
G6 the end comes by the deadline · G8 errors are of the documented family. (G3, the requests on the wire, and G7, no
unnamed orphan, are asserted by each test that has them.)
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import gc
import logging
import os
import pickle
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from typing import TypeVar

import pytest

from aiomatatika import MatatikaError, MatatikaSession
from aiomatatika.testing import ControlledClock, MatatikaServer

from ..canary import assert_hidden, secrets_on_the_wire, shown_by, shown_by_error

E = TypeVar("E", bound=BaseException)

ON_TIME = 0.25
DOCUMENTED = (MatatikaError, ValueError, TypeError, KeyError, OSError, asyncio.CancelledError, TimeoutError)


class Witness:
    """Sees what a test provokes, and judges it when the test is over."""

    def __init__(self, request: pytest.FixtureRequest, log: pytest.LogCaptureFixture) -> None:
        self._file = str(request.path)
        self._log = log
        self.errors: list[BaseException] = []
        self.secrets: set[str] = set()
        self.servers: list[MatatikaServer] = []

    @contextlib.contextmanager
    def raises(
        self, *kinds: type[E], match: str | None = None, within: float | None = None
    ) -> Iterator[pytest.ExceptionInfo[E]]:
        """Expect one of these errors, by a deadline in seconds, and keep it for the judgement."""
        began = time.monotonic()
        with pytest.raises(kinds, match=match) as caught:
            yield caught
        if within is not None:
            assert time.monotonic() - began <= within + ON_TIME
        self.errors.append(caught.value)

    def saw(self, outcome: object) -> None:
        """Keep an outcome of `asyncio.gather(..., return_exceptions=True)` for the judgement, if it is an error."""
        if isinstance(outcome, BaseException):
            self.errors.append(outcome)

    def judge(self) -> None:
        secrets = self.secrets.union(*(secrets_on_the_wire(server) for server in self.servers))
        for error in self.errors:
            assert isinstance(error, DOCUMENTED), f"not of the documented family: {error!r}"
            if isinstance(error, MatatikaError):
                restored = pickle.loads(pickle.dumps(error))  # our own
                assert type(restored) is type(error)
                assert str(restored) == str(error)
                assert type(copy.copy(error)) is type(error)
        if secrets:
            for error in self.errors:
                assert_hidden(shown_by_error(error, but_not=self._file), secrets)
                if isinstance(error, MatatikaError):
                    assert_hidden(shown_by(error), secrets)
            assert_hidden([record.getMessage() + repr(vars(record)) for record in self._log.records], secrets)


@pytest.fixture(autouse=True, scope="module")
def without_what_was_there_before() -> None:
    """Have the collector look at what this file's tests make only: imports and reports would take 0.1 s each time."""
    gc.collect()
    gc.freeze()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0  # noqa: PTH208, PTH112  # a count


async def settled() -> tuple[int, int]:
    """Return the numbers of open files and of tasks, when what was cancelled or closed has had its turn."""
    for _ in range(10):
        await asyncio.sleep(0)
    return open_files(), len(asyncio.all_tasks())


@pytest.fixture(autouse=True)
async def witness(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Witness]:
    """Check the invariants around a test; `witness.raises` takes the place of `pytest.raises`."""
    caplog.set_level(logging.DEBUG)
    unretrieved: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: unretrieved.append(context))
    before = await settled()
    witness = Witness(request, caplog)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        yield witness
        gc.collect()
        after = await settled()
    witness.judge()
    assert [str(warning.message) for warning in warned] == []
    assert unretrieved == []
    assert after == before, "open files or tasks are left over"


@pytest.fixture
async def server(witness: Witness) -> AsyncIterator[MatatikaServer]:
    """An embedded server; its secrets and tokens are the canaries. Open and close sessions inside the test."""
    async with MatatikaServer() as server:
        witness.servers.append(server)
        yield server


@pytest.fixture
def clock(server: MatatikaServer) -> ControlledClock:
    """The clock of `server`, and of every session that it makes."""
    assert isinstance(server.clock, ControlledClock)
    return server.clock


async def fetched() -> None:
    """Wait until a token that is being fetched in the background is there, or is not to be had."""
    await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "aiomatatika token"))


async def call(session: MatatikaSession) -> None:
    """Make the smallest call that there is."""
    await session.request("GET", "/profiles")


async def failure(
    session: MatatikaSession, witness: Witness, kind: type[E], *, match: str | None = None, within: float | None = None
) -> E:
    """Make that call in a session that is closed after it, and return the error that it has to end in."""
    async with session:
        with witness.raises(kind, match=match, within=within) as caught:
            await call(session)
    return caught.value
