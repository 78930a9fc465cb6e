"""The calls on jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final, Unpack

from aiomatatika.errors import JobFailedError
from aiomatatika.paging.collection import Collection, check_count
from aiomatatika.resources.group import ACCEPTED, CREATED, DONE, Group, Paging, Ref, id_of
from aiomatatika.resources.jobs.models import Job, JobStatus
from aiomatatika.resources.pipelines.models import Pipeline
from aiomatatika.resources.workspaces import Workspace
from aiomatatika.transport.clock import Deadline
from aiomatatika.transport.message import Request
from aiomatatika.transport.query import Params
from aiomatatika.transport.repeat import Repeat
from aiomatatika.waiting.changes import Changes, Progress
from aiomatatika.waiting.polling import seconds

if TYPE_CHECKING:
    # Late at run time, as is all that a single call needs: a first page takes a tenth less.
    from aiomatatika.transfer import Download

__all__ = ["Jobs"]

_NOT_RUNNING: Final = frozenset({409})
_MAX_SEQUENCE: Final = 2**63 - 1


_PROGRESS: Final = Progress(
    read=lambda response: response.structured(Job),
    state=lambda job: (job.status, job.attempt),
    has_ended=lambda job: job.ended,
)


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
            TransportError: Where ``sent`` is ``"maybe"``, the run may have started: `list_for_pipeline` shows it, and
                `start` looks there by itself.
            ConflictError: The pipeline is running.
            NotFoundError: No pipeline has this id.
        """
        return await self._post_run(id_of(pipeline, Pipeline))

    async def start(self, pipeline: Ref[Pipeline], *, within: float | None = None) -> Job:
        """Start a run of a pipeline once, and return its job, also where the response of `create` is lost.

        The newest job is read before: ``GET /pipelines/{pipeline_id}/jobs``. A run whose response is lost is looked for
        among the newest jobs, and returned where exactly one is newer than that.

        Args:
            pipeline: The pipeline.
            within: Seconds for all of it, at most; None: an outage of the API during the search is outlived.

        Raises:
            TransportError: Where ``sent`` is ``"maybe"``, the run may have started, and was not to be found.
            ConflictError: The pipeline is running.
            NotFoundError: No pipeline has this id.
        """
        return await self._start(pipeline, self._deadline(within))

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

        Empty while the line has not been written (204). Repeating is safe.

        Args:
            job: The job.
            sequence: The line to begin with, from 0.
            as_json: One JSON object a line (NDJSON), instead of plain text.

        Raises (while reading):
            NotFoundError: No job has this id.
        """
        from aiomatatika.transfer import Download

        return Download(self._client, self._log(job, sequence, "application/x-ndjson" if as_json else "text/plain"))

    def _log(self, job: Ref[Job], sequence: int, accept: str = "text/plain") -> Request:
        check_count(sequence, "sequence", most=_MAX_SEQUENCE)
        path, query = f"/jobs/{id_of(job, Job)}/logs", {"sequence": sequence}
        return self._request("GET", path, Repeat.SAFE, promised=DONE, streamed=DONE, query=query, accept=accept)

    def follow_logs(self, job: Ref[Job], *, sequence: int = 0) -> AsyncIterator[str]:
        """Iterate over the lines of a log as they are written, until the job has ended: each once, the last one too.

        ``GET /jobs/{job_id}`` and then ``GET /jobs/{job_id}/logs?sequence=`` from the next line on, both again and
        again: after 1 s where lines came, up to 15 s later where none did, in turn with all other waits of the session
        (`watch`). A log that breaks off is read on, and an outage of the API lived through, however long it lasts: put
        a limit around the loop (`asyncio.timeout`) where that is too long. Repeating is safe.

        Args:
            job: The job.
            sequence: The line to begin with, from 0.

        Raises (while iterating):
            NotFoundError: No job has this id, or it was deleted meanwhile.
        """
        from aiomatatika.waiting.followed_log import FollowedLog

        self._log(job, sequence)
        return FollowedLog(
            self._client,
            read_from=lambda line: self._log(job, line),
            writer=self._request("GET", f"/jobs/{id_of(job, Job)}", Repeat.SAFE),
            has_ended=lambda response: response.structured(Job).ended,
            sequence=sequence,
        )

    def watch(self, job: Ref[Job], *, within: float | None = None) -> AsyncIterator[Job]:
        """Iterate over a job's changes: as it is first seen, and then each new status or attempt, to its end.

        ``GET /jobs/{job_id}`` again and again: after 1 s at first, then up to 15 s later, jittered. All waits of a
        session together ask at most 20 times a second, each in its turn: of 500 jobs, each about every 25 s. Outages of
        the API, expired tokens and rate limits are lived through; the first error of each is a WARNING. Repeating is
        safe.

        Args:
            job: The job.
            within: Seconds to watch, from the first question on; None: as long as it takes.

        Raises (while iterating):
            PendingError: It has not ended in time, and goes on. ``__cause__`` is the outage that lasted until then.
            NotFoundError: No job has this id, or it was deleted meanwhile.
        """
        return self._changes(job, seconds(within))

    async def wait(self, job: Ref[Job], *, within: float | None = None) -> Job:
        """Return a job when it has ended, well or not: see its ``status``. It is read again and again, as by `watch`.

        Args:
            job: The job.
            within: Seconds to wait, at most, kept to 0.25 s; None: as long as it takes.

        Raises:
            PendingError, NotFoundError: As of `watch`.
        """
        return await self._changes(job, seconds(within)).last()

    async def run(self, pipeline: Ref[Pipeline], *, within: float | None = None) -> Job:
        """Run a pipeline to its end: `start`, then `wait`. The run is started once.

        Args:
            pipeline: The pipeline.
            within: Seconds for all of it, at most; None: as long as it takes.

        Raises:
            JobFailedError: It ended, and not with ``COMPLETE``: see its ``.job``.
            PendingError: It has not ended in time, and goes on; ``.resource_id`` is the job's.
            TransportError: Where ``sent`` is ``"maybe"``, the run may have started, and was not to be found.
            ConflictError: The pipeline is running.
        """
        deadline = self._deadline(within)
        job = await self._start(pipeline, deadline)
        job = await self._changes(job, deadline.left()).last()
        if job.status is not JobStatus.COMPLETE:
            code = "" if job.exit_code is None else f", exit code {job.exit_code}"
            raise JobFailedError(f"job {job.id} ended with {job.status}{code}", job=job)
        return job

    def _deadline(self, within: float | None) -> Deadline:
        return Deadline(self._client.state.clock, seconds(within))

    async def _start(self, pipeline: Ref[Pipeline], deadline: Deadline) -> Job:
        from aiomatatika.resources.jobs.run_start import start_run

        pipeline_id = id_of(pipeline, Pipeline)
        query: Params = {"sort": "created,desc", "size": 20}
        newest = self._request("GET", f"/pipelines/{pipeline_id}/jobs", Repeat.SAFE, query=query)
        return await start_run(self._client, newest, lambda left: self._post_run(pipeline_id, left), deadline)

    async def _post_run(self, pipeline_id: str, within: float | None = None) -> Job:
        path = f"/pipelines/{pipeline_id}/jobs"
        return await self._object("POST", path, Job, Repeat.ONCE, promised=CREATED, within=within)

    def _changes(self, job: Ref[Job], within: float) -> Changes[Job]:
        return Changes(self._client, self._request("GET", f"/jobs/{id_of(job, Job)}", Repeat.SAFE), _PROGRESS, within)
