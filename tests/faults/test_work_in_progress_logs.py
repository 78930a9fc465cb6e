"""W: logs that are followed while they are written."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from aiomatatika import NotFoundError, SessionClosedError
from aiomatatika.testing import ControlledClock, MatatikaServer, RecordedRequest, Run

from ..servers import StuckClock
from .conftest import Witness

LOGS = "/api/jobs/*/logs"
SECONDS = 60
LINES = [f"{number}: café \U0001f680" for number in range(500)]


def writing(clock: ControlledClock, text: str) -> Callable[[RecordedRequest], bytes]:
    """Return what responds with as many bytes of a text as a job of a minute has written, from a line on."""
    log, began = text.encode(), clock.monotonic()

    def written(request: RecordedRequest) -> bytes:
        size = min(len(log), int(len(log) * (clock.monotonic() - began) / SECONDS))
        return b"".join(log[:size].splitlines(keepends=True)[int(request.query["sequence"]) :])

    return written


CUTS: dict[str, list[dict[str, Any]]] = {
    "whole": [],
    "nothing yet": [{"status": 204, "body": b"", "times": 3}],
    "cut in a character": [{"skip": 2, "cut_after": size, "times": 3} for size in (9, 10, 11, 12)],
    "lost": [{"skip": 3, "drop": "before", "times": 4}],
    "unavailable": [{"status": 503, "skip": 2, "times": 20}],
}


@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("cut", CUTS)
async def test_W03_every_line_comes_once_and_in_order(
    server: MatatikaServer, clock: ControlledClock, cut: str, end: str
) -> None:
    job = server.tables["jobs"].add(run=Run(queued=0, seconds=SECONDS))
    log = writing(clock, "\n".join(LINES) + end)
    for fault in CUTS[cut]:
        body: dict[str, Any] = {} if "drop" in fault or "status" in fault else {"status": 200, "body": log}
        server.faults.add(path=LOGS, **body, **fault)
    server.faults.add(path=LOGS, status=200, body=log, times=None)
    async with server.session() as session:
        assert [line async for line in session.jobs.follow_logs(job.id)] == LINES


async def test_W03_a_log_is_followed_from_a_line_on_to_the_end_of_its_job(server: MatatikaServer) -> None:
    job = server.tables["jobs"].add(run=Run(seconds=SECONDS, log=LINES, status="ERROR"))
    async with server.session() as session:
        assert [line async for line in session.jobs.follow_logs(job.id, sequence=450)] == LINES[450:]


async def test_W03_the_memory_does_not_grow_with_the_log(server: MatatikaServer) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 99 + b"\n" + (b"y" * 99 + b"\n") * 999

    job = server.tables["jobs"].add(run=Run(queued=0, seconds=0))
    server.faults.add(path=LOGS, status=200, body=lambda _: body())
    async with server.session() as session:
        log = session.jobs.follow_logs(job.id)
        await anext(log)
        tracemalloc.start()
        try:
            assert sum([1 async for _ in log]) == 100_000 - 1
            assert tracemalloc.get_traced_memory()[1] < 5 * 2**20  # of 10 MB
        finally:
            tracemalloc.stop()


async def test_W03_a_loop_that_is_left_early_leaves_nothing_behind(server: MatatikaServer) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"one\n"
        await asyncio.Event().wait()

    job = server.tables["jobs"].add()
    server.faults.add(path=LOGS, status=200, body=lambda _: body())
    async with server.session() as session:
        async for _ in session.jobs.follow_logs(job.id):
            break


async def test_W03_a_404_ends_it(server: MatatikaServer, witness: Witness) -> None:
    job = server.tables["jobs"].add(run=Run(queued=0, log=["one", "two"]))
    async with server.session() as session:
        with witness.raises(NotFoundError):
            async for _ in session.jobs.follow_logs(job.id):
                server.tables["jobs"].remove(job.id)


async def test_W03_closing_the_session_ends_a_pause(witness: Witness) -> None:
    clock = StuckClock()
    async with MatatikaServer(clock=clock) as server:
        job = server.tables["jobs"].add()
        session = server.session()
        log = asyncio.ensure_future(anext(session.jobs.follow_logs(job.id)))
        await clock.asleep.wait()
        await session.close()
        with witness.raises(SessionClosedError):
            await log
