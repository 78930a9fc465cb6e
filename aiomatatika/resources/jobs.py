"""Jobs: runs of pipelines, and other tasks of a workspace ("Jobs" page of the API reference)."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Unpack
from uuid import UUID

import attrs

from aiomatatika.enums import OpenEnum
from aiomatatika.hal import HalResource
from aiomatatika.paging.collection import Collection, check_count
from aiomatatika.resources.bodies import set_by_server
from aiomatatika.resources.group import ACCEPTED, CREATED, DONE, Group, Paging, Ref, id_of
from aiomatatika.resources.pipelines.models import Pipeline
from aiomatatika.resources.workspaces import Workspace
from aiomatatika.transfer import Download
from aiomatatika.transport.repeat import Repeat

__all__ = ["Job", "JobStatus", "JobType", "Jobs"]

_NOT_RUNNING: Final = frozenset({409})
_MAX_SEQUENCE: Final = 2**63 - 1


class JobType(OpenEnum):
    """What a job does."""

    WORKSPACE_INIT = "WORKSPACE_INIT"
    """Creates the project of a workspace."""
    WORKSPACE_CONFIG = "WORKSPACE_CONFIG"
    """Applies the configuration of a workspace."""
    WORKSPACE_DEPLOY = "WORKSPACE_DEPLOY"
    """Deploys the repository of a workspace."""
    PIPELINE_CONFIG = "PIPELINE_CONFIG"
    """Applies the configuration of a pipeline."""
    PIPELINE_VERIFY = "PIPELINE_VERIFY"
    """Tests a pipeline."""
    PIPELINE_RUN = "PIPELINE_RUN"
    """Runs a pipeline."""
    PROFILE_COLLABORATE = "PROFILE_COLLABORATE"
    PROFILE_IMPORT = "PROFILE_IMPORT"
    PROFILE_CONFIGURE_PIPELINE = "PROFILE_CONFIGURE_PIPELINE"
    PROFILE_CONFIGURE_DATASTORE = "PROFILE_CONFIGURE_DATASTORE"


class JobStatus(OpenEnum):
    """How far a job is."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"
    STOPPED = "STOPPED"
    """It was stopped, or its time ran out."""


_ENDS: Final = frozenset({JobStatus.COMPLETE, JobStatus.ERROR, JobStatus.STOPPED})


@attrs.frozen(kw_only=True)
class Job(HalResource):
    """A job. Times are UTC. Its ``embedded`` holds the profile that started it and, of a run, the pipeline.

    Attributes:
        id: Its id.
        created: When it was created.
        type: What it does.
        triggered_by: What started it (vendor's OpenAPI; in no sample).
        max_attempts: How many attempts it has.
        attempt: Which attempt this is, from 0.
        commit_id: The commit of the workspace's repository that it runs: 40 hex digits; None while it is queued.
        exit_code: The exit code of its process; None until it has ended.
        status: How far it is.
        start_time: When it started; None while it is queued.
        end_time: When it ended; None until then.
    """

    id: UUID
    created: datetime | None = set_by_server()
    type: JobType | None = set_by_server()
    triggered_by: str | None = set_by_server()
    max_attempts: int | None = set_by_server()
    attempt: int | None = set_by_server()
    commit_id: str | None = set_by_server()
    exit_code: int | None = set_by_server()
    status: JobStatus | None = set_by_server()
    start_time: datetime | None = set_by_server()
    end_time: datetime | None = set_by_server()

    @property
    def ended(self) -> bool:
        """Whether it is over, well or not. A status that this version does not know has not ended."""
        return self.status in _ENDS


class Jobs(Group):
    """The calls on jobs: ``session.jobs``."""

    def list(self, workspace: Ref[Workspace], **paging: Unpack[Paging]) -> Collection[Job]:
        """Return a workspace's jobs: ``GET /workspaces/{workspace_id}/jobs`` for each page. Nothing is sent yet.

        Args:
            workspace: The workspace.
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.

        Raises:
            InvalidArgumentError: An argument is out of range.
        """
        return self._list(f"/workspaces/{id_of(workspace, Workspace)}/jobs", Job, "jobs", paging)

    def list_for_pipeline(self, pipeline: Ref[Pipeline], **paging: Unpack[Paging]) -> Collection[Job]:
        """Return a pipeline's jobs: ``GET /pipelines/{pipeline_id}/jobs`` for each page. Nothing is sent yet.

        Args:
            pipeline: The pipeline.
            **paging: As of `list`.

        Raises:
            InvalidArgumentError: An argument is out of range.
        """
        return self._list(f"/pipelines/{id_of(pipeline, Pipeline)}/jobs", Job, "jobs", paging)

    async def get(self, job: Ref[Job]) -> Job:
        """Return one job: ``GET /jobs/{job_id}``. Repeating is safe.

        Raises:
            NotFoundError: No job has this id, or the caller may not see it.
        """
        return await self._get(f"/jobs/{id_of(job, Job)}", Job)

    async def create(self, pipeline: Ref[Pipeline]) -> Job:
        """Start a run of a pipeline: ``POST /pipelines/{pipeline_id}/jobs``. Sent once: a repeat could start a second.

        Raises:
            TransportError: Where ``sent`` is ``"maybe"``, the run may have started: `list_for_pipeline` shows it.
            ConflictError: The pipeline is running.
            NotFoundError: No pipeline has this id.
        """
        path = f"/pipelines/{id_of(pipeline, Pipeline)}/jobs"
        return await self._object("POST", path, Job, Repeat.ONCE, promised=CREATED)

    async def stop(self, job: Ref[Job]) -> None:
        """Ask a running job to stop: ``PUT /jobs/{job_id}/stopped``. It ends later.

        Idempotent: a lost response is repeated, and a 409 to the repeat is success.

        Raises:
            ConflictError: The job is not running.
            NotFoundError: No job has this id.
        """
        path = f"/jobs/{id_of(job, Job)}/stopped"
        await self._send("PUT", path, Repeat.IDEMPOTENT, promised=ACCEPTED, done_already=_NOT_RUNNING)

    async def delete(self, job: Ref[Job]) -> None:
        """Delete a job, which stops it: ``DELETE /jobs/{job_id}``.

        Idempotent: a lost response is repeated, and a 404 to the repeat is success.

        Raises:
            NotFoundError: No job has this id.
        """
        await self._delete(f"/jobs/{id_of(job, Job)}")

    def logs(self, job: Ref[Job], *, sequence: int = 0, as_json: bool = False) -> Download:
        """Return the log as far as it is written: ``GET /jobs/{job_id}/logs?sequence=``. Nothing is sent yet.

        Empty where there is no such line yet (204). Repeating is safe.

        Args:
            job: The job.
            sequence: The line to begin with, from 0.
            as_json: One JSON object a line (NDJSON), instead of plain text.

        Raises (while reading):
            NotFoundError: No job has this id.
        """
        check_count(sequence, "sequence", most=_MAX_SEQUENCE)
        accept = "application/x-ndjson" if as_json else "text/plain"
        path, query = f"/jobs/{id_of(job, Job)}/logs", {"sequence": sequence}
        return Download(
            self._client, self._request("GET", path, Repeat.SAFE, promised=DONE, query=query, accept=accept)
        )
