"""W: runs whose response is lost, and how a run ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from aiomatatika import ConflictError, JobFailedError, JobStatus, NotFoundError, PendingError, TransportError
from aiomatatika.testing import ControlledClock, MatatikaServer, RecordedRequest, Row, Run

from .conftest import ON_TIME, Witness

RUNS = "/api/pipelines/*/jobs"
RUN: dict[str, Any] = {"method": "POST", "path": RUNS}


@pytest.fixture
def pipeline(server: MatatikaServer, clock: ControlledClock) -> Row:
    """A pipeline that has run an hour ago."""
    pipeline = server.tables["pipelines"].add(status="READY")
    server.tables["jobs"].add(pipeline_id=pipeline.id, type="PIPELINE_RUN")
    clock.advance(3600)
    return pipeline


def runs(server: MatatikaServer) -> Sequence[Row]:
    """Return the jobs that were started, without the one of an hour ago."""
    return list(server.tables["jobs"])[1:]


def started(server: MatatikaServer) -> int:
    return sum(request.path.endswith("/jobs") for request in server.requests.api if request.method == "POST")


LOST: dict[str, dict[str, Any]] = {
    "dropped": {"drop": "after"},
    "cut": {"cut_after": 5},
    "bad gateway": {"status": 502, "act": True},
    "accepted": {"status": 202, "act": True},
    "no job": {"status": 201, "json": {"name": "?"}, "act": True},
}


@pytest.mark.parametrize("fault", LOST)
async def test_W04_a_run_whose_response_is_lost_is_found(server: MatatikaServer, pipeline: Row, fault: str) -> None:
    server.faults.add(**RUN, **LOST[fault])
    async with server.session() as session:
        job = await session.jobs.run(pipeline.id)
    assert (str(job.id), job.status) == (runs(server)[0].id, JobStatus.COMPLETE)
    assert started(server) == 1


async def test_W04_a_run_is_found_when_the_api_is_back(server: MatatikaServer, pipeline: Row) -> None:
    server.faults.add(path=RUNS, method="GET", status=503, skip=1, times=40)
    server.faults.add(**RUN, drop="after")
    async with server.session() as session:
        assert (await session.jobs.run(pipeline.id)).ended
    assert started(server) == 1


def another_run(server: MatatikaServer, pipeline: Row) -> None:
    server.tables["jobs"].add(pipeline_id=pipeline.id, type="PIPELINE_RUN")


def another_task(server: MatatikaServer, pipeline: Row) -> None:
    server.tables["jobs"].add(pipeline_id=pipeline.id, type="PIPELINE_CONFIG")


@pytest.mark.parametrize(
    "drop, meanwhile, found",
    [
        ("before", None, False),
        ("before", another_task, False),
        ("after", another_task, True),
        ("after", another_run, False),
    ],
)
async def test_W04_a_run_is_gone_on_with_where_there_is_exactly_one(
    server: MatatikaServer,
    pipeline: Row,
    witness: Witness,
    drop: Any,
    meanwhile: Callable[[MatatikaServer, Row], None] | None,
    found: bool,
) -> None:
    def finished(request: RecordedRequest) -> None:
        if meanwhile and request.method == "POST" and request.path.endswith("/jobs"):
            meanwhile(server, pipeline)

    server.faults.add(**RUN, drop=drop)
    server.requests.on_finished = finished
    async with server.session() as session:
        if found:
            assert (await session.jobs.run(pipeline.id)).ended
        else:
            with witness.raises(TransportError) as caught:
                await session.jobs.run(pipeline.id)
            assert caught.value.sent == "maybe"
    assert started(server) == 1


async def test_W04_an_api_that_stays_away_leaves_the_run_unknown(
    server: MatatikaServer, pipeline: Row, witness: Witness
) -> None:
    server.faults.add(path=RUNS, method="GET", status=503, skip=1, times=None)
    server.faults.add(**RUN, drop="after")
    async with server.session() as session:
        with witness.raises(TransportError) as caught:
            await session.jobs.run(pipeline.id, within=20)
    assert (caught.value.sent, started(server)) == ("maybe", 1)


@pytest.mark.parametrize("fault, kind", [({"status": 409}, ConflictError), ({"status": 404}, NotFoundError)])
async def test_W04_a_run_that_was_refused_is_not_looked_for(
    server: MatatikaServer, pipeline: Row, witness: Witness, fault: dict[str, Any], kind: Any
) -> None:
    server.faults.add(**RUN, **fault)
    async with server.session() as session:
        with witness.raises(kind):
            await session.jobs.run(pipeline.id)
    assert server.requests.methods() == ["GET", "POST"]


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_W04_create_says_that_a_run_may_have_started(
    server: MatatikaServer, pipeline: Row, witness: Witness, drop: Any
) -> None:
    server.faults.add(**RUN, drop=drop)
    async with server.session() as session:
        with witness.raises(TransportError) as caught:
            await session.jobs.create(pipeline.id)
    assert (caught.value.sent, caught.value.transient, started(server)) == ("maybe", False, 1)


async def test_W04_start_finds_the_run_and_does_not_wait_for_its_end(server: MatatikaServer, pipeline: Row) -> None:
    server.faults.add(**RUN, drop="after")
    async with server.session() as session:
        job = await session.jobs.start(pipeline.id)
    assert (str(job.id), job.ended, started(server)) == (runs(server)[0].id, False, 1)


@pytest.mark.parametrize("status", ["ERROR", "STOPPED"])
async def test_W01_a_run_that_fails_is_an_error_with_its_job(
    server: MatatikaServer, pipeline: Row, witness: Witness, status: str
) -> None:
    server.tables["pipelines"][pipeline.id].runs.append(Run(status=status))
    async with server.session() as session:
        with witness.raises(JobFailedError, match=f"ended with {status}, exit code 1") as caught:
            await session.jobs.run(pipeline.id)
    assert (str(caught.value.job.id), caught.value.job.status) == (runs(server)[0].id, status)


async def test_W01_a_run_that_takes_too_long_goes_on(
    server: MatatikaServer, clock: ControlledClock, pipeline: Row, witness: Witness
) -> None:
    server.faults.add(**RUN, drop="after")
    began = clock.monotonic()
    async with server.session() as session:
        with witness.raises(PendingError) as caught:
            await session.jobs.run(pipeline.id, within=15)
    assert abs(clock.monotonic() - began - 15) <= ON_TIME
    assert caught.value.resource_id == runs(server)[0].id
