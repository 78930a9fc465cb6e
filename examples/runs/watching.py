"""Runs of pipelines, each found or started, and all of them watched to their end.

`Jobs.run` does the same for one run that nobody looks at. This one shows each run while it goes, and finds those that
an earlier start of the program has left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aiomatatika import ConflictError, Job, JobStatus, JobType, MatatikaError, MatatikaSession, Pipeline


@dataclass(eq=False)
class PipelineRun:
    """One run.

    Attributes:
        pipeline: What runs.
        job: Its job as it was last seen; None until it is found or started.
        resumed: Whether it was going on before this program looked.
        error: Why no more is known of it.
    """

    pipeline: Pipeline
    job: Job | None = None
    resumed: bool = False
    error: str | None = None

    @property
    def name(self) -> str:
        """What a person calls its pipeline."""
        return self.pipeline.name or self.pipeline.label or str(self.pipeline.id)

    @property
    def state(self) -> str:
        """Its job's status, or what stands in for it."""
        if self.error is not None:
            return "FAILED"
        return "STARTING" if self.job is None else str(self.job.status)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will change here."""
        return self.error is not None or (self.job is not None and self.job.ended)

    @property
    def has_failed(self) -> bool:
        """Whether it is over, and not well."""
        return self.is_over and self.state != JobStatus.COMPLETE

    def seconds(self, now: datetime) -> float | None:
        """Return how long it has run; None before its start."""
        if self.job is None or self.job.start_time is None:
            return None
        return max(0.0, ((self.job.end_time or now) - self.job.start_time).total_seconds())


class _NotStartedError(MatatikaError):
    """The jobs are being stopped, so this one is not started any more."""


class Display(Protocol):
    """Shows the runs."""

    def changed(self, run: PipelineRun) -> None:
        """Show what is new of a run."""

    def line(self, run: PipelineRun, text: str) -> None:
        """Show a line of the log of a run."""


class Runs:
    """The runs of some pipelines.

    Args:
        session: The session with the API.
        display: Shows them.
        logged: The run whose log is followed.

    Attributes:
        is_stopping: Whether the jobs are being stopped.
    """

    def __init__(self, session: MatatikaSession, display: Display, logged: PipelineRun) -> None:
        self._session = session
        self._display = display
        self._logged = logged
        self._lines = 0
        self._log: asyncio.Task[None] | None = None
        self._group = asyncio.TaskGroup()
        self._watching: dict[PipelineRun, asyncio.Task[None]] = {}
        self.is_stopping = False

    async def watch(self, runs: Iterable[PipelineRun]) -> None:
        """Watch all of them to their end. What goes wrong with one does not concern the others."""
        async with self._group:
            for run in runs:
                self._watching[run] = self._group.create_task(self._watch(run))

    def stop(self) -> None:
        """Stop the jobs, and go on watching until they have ended."""
        self.is_stopping = True
        for run, task in self._watching.items():
            # One that is being started is stopped when it is first seen to run.
            if run.job is not None and not task.done():
                task.cancel()  # its next look may be 15 s away
                self._watching[run] = self._group.create_task(self._watch(run))

    async def _watch(self, run: PipelineRun) -> None:
        try:
            first = run.job = run.job or await self._found(run) or await self._started(run)
            async for job in self._session.jobs.watch(first):
                run.job = job
                self._display.changed(run)
                if run is self._logged and self._log is None:
                    self._log = self._group.create_task(self._follow_log(job))
                if self.is_stopping and job.status is JobStatus.RUNNING:  # a queued one cannot be stopped yet
                    with contextlib.suppress(ConflictError):  # it has ended meanwhile
                        await self._session.jobs.stop(job)
            if run is self._logged and self._log is not None:
                self._log.cancel()  # what is left of the log is there, and need not wait for its next look
                await self._follow_log(first)
        except MatatikaError as error:
            run.error = str(error)
            self._display.changed(run)

    async def _found(self, run: PipelineRun) -> Job | None:
        """Return the job of a run that is going on. A pipeline has one at most, which is among its newest jobs."""
        page = await self._session.jobs.list_for_pipeline(run.pipeline, sort="created,desc", size=20).page()
        for job in page.items:
            if job.type in {None, JobType.PIPELINE_RUN} and not job.ended:
                run.resumed = True
                return job
        return None

    async def _started(self, run: PipelineRun) -> Job:
        if self.is_stopping:
            raise _NotStartedError("it was not started")
        try:
            return await self._session.jobs.start(run.pipeline)
        except ConflictError:  # its schedule, or somebody else, was faster
            if job := await self._found(run):
                return job
            raise

    async def _follow_log(self, job: Job) -> None:
        try:
            async for line in self._session.jobs.follow_logs(job, sequence=self._lines):
                self._lines += 1
                self._display.line(self._logged, line)
        except MatatikaError as error:
            self._display.line(self._logged, f"(the log cannot be read: {error})")
