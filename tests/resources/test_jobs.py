"""What only the calls on jobs do."""

from __future__ import annotations

from uuid import UUID

import pytest

from aiomatatika import ConflictError, InvalidArgumentError, JobStatus, MatatikaSession, Pipeline
from aiomatatika.testing import MatatikaServer

ID = UUID(int=1)
JOB = f"/api/jobs/{ID}"


@pytest.mark.parametrize(
    "as_json, accept, body", [(False, "text/plain", "one\ntwo\n"), (True, "application/x-ndjson", '{"a":1}\n')]
)
async def test_a_log_is_text_or_ndjson_from_a_line_on(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, as_json: bool, accept: str, body: str
) -> None:
    matatika_server.faults.add(path=f"{JOB}/logs", status=200, body=body.encode())
    assert await matatika_session.jobs.logs(ID, sequence=7, as_json=as_json).text() == body
    (request,) = matatika_server.requests.api
    assert (request.query, request.headers["Accept"]) == ({"sequence": "7"}, accept)


async def test_a_log_that_does_not_exist_yet_is_empty(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(path=f"{JOB}/logs", status=204, body=b"")
    assert await matatika_session.jobs.logs(ID).read() == b""


@pytest.mark.parametrize("sequence", [-1, 2**63, True, "0"])
async def test_a_line_has_a_number(matatika_session: MatatikaSession, sequence: int) -> None:
    with pytest.raises(InvalidArgumentError, match="sequence must be a whole number"):
        matatika_session.jobs.logs(ID, sequence=sequence)


async def test_a_job_that_is_not_running_is_not_stopped(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(path=f"{JOB}/stopped", status=409, times=None)
    with pytest.raises(ConflictError):
        await matatika_session.jobs.stop(ID)
    matatika_server.faults.clear()
    matatika_server.faults.add(path=f"{JOB}/stopped", drop="before")
    matatika_server.faults.add(path=f"{JOB}/stopped", status=409)
    await matatika_session.jobs.stop(ID)  # the lost request stopped it


@pytest.mark.parametrize(
    "status, ended", [("QUEUED", 0), ("running", 0), ("complete", 1), ("ERROR", 1), ("STOPPED", 1), ("PAUSED", 0)]
)
async def test_a_job_has_ended_by_a_status_that_says_so(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, status: str, ended: int
) -> None:
    matatika_server.faults.add(path=JOB, status=200, json={"id": str(ID), "status": status, "type": "pipeline-run"})
    job = await matatika_session.jobs.get(str(ID))
    assert (job.status, job.ended) == (JobStatus(status), bool(ended))


async def test_a_pipeline_is_no_job(matatika_server: MatatikaServer, matatika_session: MatatikaSession) -> None:
    with pytest.raises(InvalidArgumentError, match="expected Job or its id, not Pipeline"):
        await matatika_session.jobs.get(Pipeline(id=ID))  # type: ignore[arg-type]  # that is refused
    assert not matatika_server.requests
