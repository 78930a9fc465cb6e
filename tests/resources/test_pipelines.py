"""What only the calls on pipelines do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from aiomatatika import MatatikaSession, Pipeline, PipelineMetric, PipelineStatus
from aiomatatika.testing import MatatikaServer

ID, WORKSPACE = UUID(int=1), UUID(int=2)
PIPELINE = {"id": str(ID), "label": "nightly", "status": "PROVISIONING", "properties": {"tap.password": "hunter2"}}
IN_WORKSPACE = f"/api/workspaces/{WORKSPACE}/pipelines"


async def test_a_valid_configuration_has_no_errors(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(path=f"{IN_WORKSPACE}/validation", status=200, body=b"")
    assert await matatika_session.pipelines.validate(WORKSPACE, label="nightly", data_components=["tap"]) == ()
    (request,) = matatika_server.requests.api
    assert (request.method, request.json()) == ("POST", {"label": "nightly", "dataComponents": ["tap"]})


@pytest.mark.parametrize("method, path", [("update", ""), ("save_draft", "/draft")])
async def test_a_pipeline_that_was_read_is_sent_back_whole(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, method: str, path: str
) -> None:
    matatika_server.faults.add(path=f"/api/pipelines/{ID}", status=200, json={**PIPELINE, "colour": "green"})
    matatika_server.faults.add(path=f"{IN_WORKSPACE}/{ID}{path}", status=200, json={**PIPELINE, "status": "DRAFT"})
    pipeline = await matatika_session.pipelines.get(ID)
    saved = await getattr(matatika_session.pipelines, method)(WORKSPACE, pipeline, label="weekly")
    assert saved.status is PipelineStatus.DRAFT
    assert matatika_server.requests.api[-1].json() == {
        "colour": "green",
        "label": "weekly",
        "properties": {"tap.password": "hunter2"},
    }


async def test_a_draft_without_a_pipeline_is_initialised(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(method="POST", path=IN_WORKSPACE, status=200, json={"id": str(ID)})
    matatika_server.faults.add(path=f"{IN_WORKSPACE}/{ID}/draft", status=201, json=PIPELINE)
    saved = await matatika_session.pipelines.save_draft(WORKSPACE, label="nightly")
    assert (saved.id, "hunter2" in repr(saved)) == (ID, False)
    assert [each.method for each in matatika_server.requests.api] == ["POST", "PUT"]
    assert matatika_server.requests.api[-1].json() == {"label": "nightly"}


@pytest.mark.parametrize(
    "response, metrics",
    [
        ({"status": 204, "body": b""}, []),
        (
            {"status": 200, "json": [{"metrics.job-created": "2026-07-01T12:00:00.5", "metrics.value": 17}, {}]},
            [PipelineMetric(job_created=datetime(2026, 7, 1, 12, 0, 0, 500_000, UTC), value=17), PipelineMetric()],
        ),
    ],
)
async def test_metrics_are_an_array_or_switched_off(
    matatika_server: MatatikaServer,
    matatika_session: MatatikaSession,
    response: dict[str, Any],
    metrics: list[PipelineMetric],
) -> None:
    matatika_server.faults.add(path=f"/api/pipelines/{ID}/metrics", **response)
    assert await matatika_session.pipelines.metrics(Pipeline(id=ID)) == metrics
    assert matatika_server.requests.api[0].headers["Accept"] == "application/json"
