"""Jobs on the server's clock, their logs, deployments."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from aiomatatika.testing import ControlledClock, MatatikaServer, Row, Run

from .conftest import Got, PlainClient, client_of_a_server


@pytest.fixture
async def client() -> AsyncIterator[PlainClient]:
    """Replace the usual one: here, time stands still between the steps of a test."""
    async with client_of_a_server(clock=ControlledClock(frozen=True)) as client:
        yield client


@pytest.fixture
def clock(server: MatatikaServer) -> ControlledClock:
    assert isinstance(server.clock, ControlledClock)
    return server.clock


@pytest.fixture
def pipeline(server: MatatikaServer) -> Row:
    return server.tables["pipelines"].add(label="nightly")


async def start(client: PlainClient, pipeline: Row) -> dict[str, Any]:
    got = await client.send("POST", f"/api/pipelines/{pipeline.id}/jobs")
    assert got.status == 201
    document: dict[str, Any] = got.document
    return document


async def test_a_job_from_its_start_to_its_end(client: PlainClient, clock: ControlledClock, pipeline: Row) -> None:
    client.server.script_runs(pipeline, Run(queued=2, seconds=20, status="ERROR", attempts=3))
    path = f"/api/jobs/{(await start(client, pipeline))['id']}"
    for seconds, status, attempt in ((0, "QUEUED", 0), (2, "RUNNING", 0), (7, "RUNNING", 1)):
        clock.advance(seconds)
        job = (await client.get(path)).document
        assert (job["status"], job["attempt"], "startTime" in job) == (status, attempt, status == "RUNNING")
        assert "exitCode" not in job
    clock.advance(13)
    job = (await client.get(path)).document
    assert (job["status"], job["attempt"], job["exitCode"]) == ("ERROR", 2, 1)
    began, ended = (datetime.fromisoformat(job[name]) for name in ("startTime", "endTime"))
    assert (ended - began).total_seconds() == 20
    assert (job["type"], job["maxAttempts"]) == ("PIPELINE_RUN", 3)
    assert set(job["_embedded"]) == {"profile", "pipeline"}
    assert {rel: link["type"] for rel, link in job["_links"].items()} == {
        "self": "GET",
        "delete job": "DELETE",
        "logs": "GET",
    }


async def test_each_job_takes_the_next_script_and_only_one_runs_at_a_time(
    client: PlainClient, clock: ControlledClock, pipeline: Row
) -> None:
    client.server.script_runs(pipeline.id, Run(seconds=0, status="ERROR"), Run(seconds=5, status="SOMETHING NEW"))
    for seconds, status in ((2, "ERROR"), (7, "SOMETHING NEW"), (22, "COMPLETE")):
        job = await start(client, pipeline)
        for again in ("jobs", "verification"):
            assert (await client.send("POST", f"/api/pipelines/{pipeline.id}/{again}")).status == 409
        clock.advance(seconds)
        assert (await client.get(f"/api/jobs/{job['id']}")).document["status"] == status
    verification = await client.send("POST", f"/api/pipelines/{pipeline.id}/verification")
    assert (verification.status, verification.document["type"]) == (200, "PIPELINE_VERIFY")


async def test_a_job_that_runs_can_be_stopped_and_ends_a_moment_later(
    client: PlainClient, clock: ControlledClock, pipeline: Row
) -> None:
    client.server.script_runs(pipeline, Run(queued=2, seconds=20, log=tuple("0123456789")))
    path = f"/api/jobs/{(await start(client, pipeline))['id']}"
    statuses = []
    for seconds in (0, 8, 1, 60):
        clock.advance(seconds)
        statuses.append((await client.get(path)).document["status"])
        statuses.append((await client.send("PUT", f"{path}/stopped")).status)
    assert statuses == ["QUEUED", 409, "RUNNING", 202, "STOPPED", 409, "STOPPED", 409]
    assert (await client.get(f"{path}/logs")).body == b"0\n1\n2\n"


async def logs(client: PlainClient, path: str, query: str = "", accept: str = "*/*") -> Got:
    return await client.send("GET", f"{path}/logs{query}", headers={"Accept": accept})


async def test_a_log_grows_evenly_while_the_job_runs(
    client: PlainClient, clock: ControlledClock, pipeline: Row
) -> None:
    client.server.script_runs(pipeline, Run(queued=2, seconds=20, log=[f"line {n} é" for n in range(1000)]))
    path = f"/api/jobs/{(await start(client, pipeline))['id']}"
    for seconds, status, lines in ((0, 204, 0), (2, 204, 0), (5, 200, 250), (5, 200, 500), (10, 200, 1000)):
        clock.advance(seconds)
        got = await logs(client, path)
        assert (got.status, got.body.count(b"\n")) == (status, lines)
    assert (await logs(client, path, "?sequence=998")).body.decode() == "line 998 é\nline 999 é\n"
    assert (await logs(client, path, "?sequence=1000")).status == 204
    assert (await logs(client, path, "?sequence=x")).status == 400
    assert (await logs(client, path, accept="application/json")).status == 406
    for accept in ("application/x-ndjson", "application/stream+json"):
        got = await logs(client, path, "?sequence=999", accept)
        assert got.headers["Content-Type"] == accept
        assert [json.loads(line) for line in got.body.splitlines()] == [{"sequence": 999, "message": "line 999 é"}]


async def test_a_job_that_a_test_stores_with_a_status_stays_as_it_is(
    client: PlainClient, clock: ControlledClock
) -> None:
    jobs = client.server.tables["jobs"]
    stays, runs = jobs.add(status="RUNNING"), jobs.add(run=Run(queued=0))
    clock.advance(60)
    assert (await client.get(f"/api/jobs/{stays.id}")).document["status"] == "RUNNING"
    assert (await logs(client, f"/api/jobs/{stays.id}")).status == 204
    assert (await client.get(f"/api/jobs/{runs.id}")).document["status"] == "COMPLETE"


async def test_metrics_are_those_of_the_jobs_that_are_complete(client: PlainClient, pipeline: Row) -> None:
    path = f"/api/pipelines/{pipeline.id}/metrics"
    assert (await client.get(path)).status == 204
    created = client.server.tables["jobs"].add(status="COMPLETE").document["created"]
    client.server.tables["jobs"].add(status="ERROR")
    assert (await client.get(path)).document == [{"metrics.job-created": created, "metrics.value": 0}]


@pytest.mark.parametrize("status, of", [(202, b"{}"), (403, b"{} "), (400, None)])
async def test_a_push_event_is_signed_with_the_deployment_secret(
    client: PlainClient, status: int, of: bytes | None
) -> None:
    workspace = client.server.tables["workspaces"][client.server.workspace_id]
    digest = hmac.new(workspace.document["deploymentSecret"].encode(), of or b"", hashlib.sha1).hexdigest()
    headers = {"X-Hub-Signature": f"sha1={digest}"} if of is not None else {}
    path = f"/api/workspaces/{workspace.id}/deployments/github-webhook"
    got = await client.send("POST", path, data=b"{}", headers=headers)
    assert got.status == status
    assert [job.document["type"] for job in client.server.tables["jobs"]] == ["WORKSPACE_DEPLOY"] * (status == 202)


async def test_many_jobs_can_be_asked_at_once(client: PlainClient, clock: ControlledClock) -> None:
    jobs = [client.server.tables["jobs"].add() for _ in range(50)]
    clock.advance(30)
    responses = await asyncio.gather(*(client.get(f"/api/jobs/{job.id}") for job in jobs))
    assert {got.document["status"] for got in responses} == {"COMPLETE"}
