"""The calls on pipelines, jobs and deployments: one for each operation of the API."""

from __future__ import annotations

from aiomatatika import PipelineFields
from tests.resources.row import IDEMPOTENT, ONCE, SAFE, Row

_FIELDS: PipelineFields = {"label": "nightly", "data_components": ["tap-a", "target-b"]}

ROWS: dict[str, Row] = {
    "pipelines.list": Row(lambda s, x: s.pipelines.list(x.workspace).collect(), SAFE),
    "pipelines.get": Row(lambda s, x: s.pipelines.get(x.pipeline), SAFE),
    "pipelines.initialise": Row(lambda s, x: s.pipelines.initialise(x.workspace), IDEMPOTENT),
    "pipelines.put": Row(lambda s, x: s.pipelines.create(x.workspace, draft=x.pipeline_draft, **_FIELDS), IDEMPOTENT),
    "pipelines.put_draft": Row(
        lambda s, x: s.pipelines.save_draft(x.workspace, x.pipeline_draft, label="nightly"), IDEMPOTENT
    ),
    "pipelines.validate": Row(lambda s, x: s.pipelines.validate(x.workspace, **_FIELDS), IDEMPOTENT),
    "pipelines.verify": Row(lambda s, x: s.pipelines.verify(x.pipeline), ONCE),
    "pipelines.delete": Row(lambda s, x: s.pipelines.delete(x.pipeline), IDEMPOTENT),
    "pipelines.metrics": Row(lambda s, x: s.pipelines.metrics(x.pipeline), SAFE),
    "jobs.list_for_workspace": Row(lambda s, x: s.jobs.list(x.workspace).collect(), SAFE),
    "jobs.list_for_pipeline": Row(lambda s, x: s.jobs.list_for_pipeline(x.pipeline).collect(), SAFE),
    "jobs.get": Row(lambda s, x: s.jobs.get(x.job), SAFE),
    "jobs.logs": Row(lambda s, x: s.jobs.logs(x.job).text(), SAFE),
    "jobs.create": Row(lambda s, x: s.jobs.create(x.pipeline), ONCE),
    "jobs.stop": Row(lambda s, x: s.jobs.stop(x.job), IDEMPOTENT),
    "jobs.delete": Row(lambda s, x: s.jobs.delete(x.job), IDEMPOTENT),
    "deployments.deploy": Row(lambda s, x: s.deployments.create(x.workspace), ONCE),
    "deployments.github_webhook": Row(
        lambda s, x: s.deployments.github_webhook(x.workspace, b"{}", secret=x.workspace.deployment_secret), ONCE
    ),
}
