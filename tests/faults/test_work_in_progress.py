"""W: jobs that are waited for, and statuses that mean what the operation says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from aiomatatika import (
    BadRequestError,
    Job,
    JobStatus,
    MatatikaError,
    MatatikaSession,
    NotFoundError,
    PendingError,
    RateLimitError,
    ResponseError,
    Retries,
    ServerError,
    TransportError,
)
from aiomatatika.testing import ControlledClock, MatatikaServer, Run

from ..servers import OrderedClock
from .conftest import ON_TIME, Witness

JOBS = "/api/jobs/*"


def job(server: MatatikaServer, **settings: Any) -> UUID:
    return UUID(server.tables["jobs"].add(**settings).id)


@pytest.mark.parametrize("status", ["COMPLETE", "ERROR", "STOPPED"])
async def test_W01_a_job_is_given_at_each_change_and_returned_at_its_end(server: MatatikaServer, status: str) -> None:
    run = Run(queued=2, seconds=60, attempts=3, status=status)
    watched, awaited = job(server, run=run), job(server, run=run)
    async with server.session() as session:
        seen = [(each.status, each.attempt) async for each in session.jobs.watch(watched)]
        ended = await session.jobs.wait(awaited)
    assert seen == [("QUEUED", 0), ("RUNNING", 0), ("RUNNING", 1), ("RUNNING", 2), (status, 2)]
    assert (ended.id, ended.status) == (awaited, status)


@pytest.mark.parametrize("status", ["PAUSED", "RUNNING", None])
@pytest.mark.parametrize("within", [0, 0.1, 7, 60])
async def test_W01_what_has_not_ended_in_time_is_pending(
    server: MatatikaServer, clock: ControlledClock, witness: Witness, status: str | None, within: float
) -> None:
    id = job(server, run=None)
    server.tables["jobs"][id].document["status"] = status
    async with server.session() as session:
        began = clock.monotonic()
        with witness.raises(PendingError, match=f"not done within {within} s") as caught:
            await session.jobs.wait(id, within=within)
    assert -ON_TIME <= clock.monotonic() - began - within <= ON_TIME
    assert (caught.value.resource_id, caught.value.attempts) == (str(id), len(server.requests.api))
    assert caught.value.path == f"/api/jobs/{id}"


async def test_W01_within_holds_where_the_server_does_not_respond(server: MatatikaServer, witness: Witness) -> None:
    id = job(server)
    server.faults.add(path=JOBS, delay=10)
    async with server.session() as session:
        with witness.raises(PendingError, within=0.3):
            await session.jobs.wait(id, within=0.3)


async def test_W01_pipelines_and_workspaces_are_waited_for_alike(server: MatatikaServer) -> None:
    pipeline = server.tables["pipelines"].add(status="PROVISIONING", provisioning=9, provisioned="FAILED")
    (workspace,) = server.tables["workspaces"]
    workspace.document["status"] = "READY"
    async with server.session() as session:
        assert (await session.pipelines.wait(pipeline.id, within=60)).status == "FAILED"
        assert (await session.workspaces.wait(workspace.id)).status == "READY"


TROUBLES: dict[str, tuple[dict[str, Any], type[MatatikaError]]] = {
    "503": ({"status": 503}, ServerError),
    "refused": ({"drop": "before"}, TransportError),
    "cut": ({"cut_after": 5}, ResponseError),
    "limited": ({"status": 429, "headers": {"Retry-After": "20"}}, RateLimitError),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_W02_a_wait_lives_through_an_outage(
    server: MatatikaServer, clock: ControlledClock, caplog: pytest.LogCaptureFixture, trouble: str
) -> None:
    id = job(server, run=Run(seconds=30))
    began = clock.monotonic()
    server.faults.add(path=JOBS, times=12, skip=2, **TROUBLES[trouble][0])
    async with server.session(retries=Retries(attempts=1)) as session:
        assert (await session.jobs.wait(id, within=3600)).status is JobStatus.COMPLETE
    assert clock.monotonic() - began > 90
    warnings = [each.getMessage() for each in caplog.records if each.levelname != "DEBUG"]
    assert len(warnings) == (trouble != "cut")


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_W02_an_outage_without_end_is_the_cause_of_the_pending_error(
    server: MatatikaServer, clock: ControlledClock, witness: Witness, trouble: str
) -> None:
    id = job(server)
    fault, kind = TROUBLES[trouble]
    server.faults.add(path=JOBS, times=None, **fault)
    began = clock.monotonic()
    async with server.session() as session:
        with witness.raises(PendingError) as caught:
            await session.jobs.wait(id, within=90)
    assert clock.monotonic() - began <= 90 + ON_TIME
    assert isinstance(caught.value.__cause__, kind)


async def test_W02_a_token_that_expires_is_replaced(server: MatatikaServer) -> None:
    id = job(server, run=Run(seconds=30))
    server.faults.add(path=JOBS, status=401, skip=1)
    async with server.session() as session:
        assert (await session.jobs.wait(id)).status is JobStatus.COMPLETE
    assert len(server.requests.token) == 2


async def test_W02_a_404_ends_it(server: MatatikaServer, witness: Witness) -> None:
    id = job(server)
    async with server.session() as session:
        with witness.raises(NotFoundError):
            async for each in session.jobs.watch(id):
                server.tables["jobs"].remove(each.id)


async def test_W02_500_waits_ask_20_times_a_second() -> None:
    clock = OrderedClock()
    async with MatatikaServer(clock=clock) as server, server.session() as session:
        ids = [job(server, run=Run(seconds=40)) for _ in range(500)]
        ended = await clock.gather(*map(session.jobs.wait, ids))
        times = [request.at for request in server.requests.api]
    assert all(isinstance(each, Job) and each.ended for each in ended)
    assert all(later - earlier >= 1 - 1e-6 for earlier, later in zip(times, times[20:], strict=False))


async def test_W02_a_wait_without_a_turn_keeps_to_its_time(witness: Witness) -> None:
    clock = OrderedClock()
    async with MatatikaServer(clock=clock) as server, server.session() as session:
        id, began = job(server), clock.monotonic()
        outcomes = await clock.gather(*(session.jobs.wait(id, within=1) for _ in range(50)))
        assert abs(clock.monotonic() - began - 1) <= ON_TIME
        assert len(server.requests.api) <= 21
    for outcome in outcomes:
        assert isinstance(outcome, PendingError)
        witness.saw(outcome)


INVALID = {"field": "dataComponents", "defaultMessage": "must not be empty", "code": "NotEmpty"}


async def test_W08_a_400_with_errors_is_the_result_of_validate(server: MatatikaServer, witness: Witness) -> None:
    path = "/api/workspaces/*/pipelines/validation"
    body = {"status": 400, "error": "Bad Request", "message": "Validation failed"}
    server.faults.add(path=path, status=400, json={**body, "errors": [INVALID]})
    server.faults.add(path=path, status=400, json={**body, "errors": []})
    (workspace,) = server.tables["workspaces"]
    async with server.session() as session:
        assert await session.pipelines.validate(workspace.id, label="nightly") == (INVALID,)
        with witness.raises(BadRequestError, match="Validation failed"):
            await session.pipelines.validate(workspace.id, label="nightly")


def deploy(session: MatatikaSession, id: str) -> Awaitable[object]:
    return session.deployments.create(id)


def stop(session: MatatikaSession, id: str) -> Awaitable[object]:
    return session.jobs.stop(id)


@pytest.mark.parametrize(
    "call, response, expected",
    [
        (stop, {"status": 202, "json": {"message": "stopping"}}, None),
        (stop, {"status": 202, "body": b""}, None),
        (stop, {"status": 201, "json": {}}, ResponseError),
        (deploy, {"status": 202, "json": {"id": str(UUID(int=5))}}, Job(id=UUID(int=5))),
        (deploy, {"status": 202, "body": b""}, ResponseError),
        (deploy, {"status": 201, "json": {"id": str(UUID(int=5))}}, ResponseError),
    ],
)
async def test_W09_202_is_success_where_the_operation_has_it(
    server: MatatikaServer,
    witness: Witness,
    call: Callable[[MatatikaSession, str], Awaitable[object]],
    response: dict[str, Any],
    expected: Any,
) -> None:
    server.faults.add(path="/api/*", **response)
    async with server.session() as session:
        if expected is ResponseError:
            with witness.raises(ResponseError):
                await call(session, str(UUID(int=1)))
        else:
            assert await call(session, str(UUID(int=1))) == expected
