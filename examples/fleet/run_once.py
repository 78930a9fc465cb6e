"""Starting a run once, in a task that may be killed at any moment and given to another worker.

The API has no idempotency key: a second POST starts a second run as soon as the first has ended. So a task writes a
note *before* it starts a run, in a place that outlives it (`Notes`). The note says which runs are its own: those newer
than the newest job that was there before, by the server's clock. Whoever gets the task next finds the note, and then
one of these is true:

- The run was started: it is among the pipeline's newest jobs, and is waited for.
- The request is still on its way. It arrives no later than the first worker's call may end, `START_WITHIN` seconds
  after the note, so the newest jobs are read again and again for that long. A worker that is alive, and only out of the
  scheduler's reach, has given up by then, too.
- It was never sent: nothing shows up in that time, and the run is started now.

``session.jobs.start`` finds its own run where only the response is lost. What it cannot do is remember, for a second
worker, which runs were there before.

A run that somebody else starts after the note, such as the pipeline's own schedule, is taken for the fleet's: the
pipeline has then been run once in this round, which is what was asked for.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final, Protocol

from aiomatatika import ConflictError, Job, JobType, MatatikaSession

__all__ = ["START_WITHIN", "Notes", "run_once"]

START_WITHIN: Final = 20.0
_PAUSE: Final = 1.0
_BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)


class Notes(Protocol):
    """What outlives a worker: the note of each pipeline."""

    async def read(self, pipeline: str, /) -> str | None:
        """Return the note of a pipeline; None: nobody has begun with it."""

    async def write(self, pipeline: str, note: str, /) -> None:
        """Keep a note. When this returns, it is kept."""


async def run_once(session: MatatikaSession, pipeline: str, notes: Notes, look_for: float = START_WITHIN) -> Job:
    """Return the run of a pipeline, started by this call or by an earlier one of the same round.

    Args:
        session: The worker's.
        pipeline: The pipeline's id.
        notes: Those of the round.
        look_for: Seconds for which a request of a worker that was killed may still arrive.

    Raises:
        ConflictError: A run from before the round is going on.
        MatatikaError: The run was not started, or may have been and was not to be found.
    """
    note = await notes.read(pipeline)
    if note is None:
        newest = max(map(_created, await _newest_jobs(session, pipeline)), default=_BEFORE_ALL)
        await notes.write(pipeline, newest.isoformat())
    else:
        newest = datetime.fromisoformat(note)
        if job := await _look(session, pipeline, newest, look_for):
            return job
    try:
        return await session.jobs.start(pipeline, within=START_WITHIN)
    except ConflictError:  # by a run that is there by now, perhaps from the late request of the worker before
        if job := await _look(session, pipeline, newest, 0):
            return job
        raise


async def _look(session: MatatikaSession, pipeline: str, after: datetime, seconds: float) -> Job | None:
    """Return the first run that is newer than a moment, and look for it for so many seconds."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        jobs = await _newest_jobs(session, pipeline)
        runs = [job for job in jobs if job.type in {None, JobType.PIPELINE_RUN} and _created(job) > after]
        if runs:
            return min(runs, key=_created)
        if asyncio.get_running_loop().time() >= end:
            return None
        await asyncio.sleep(_PAUSE)


async def _newest_jobs(session: MatatikaSession, pipeline: str) -> list[Job]:
    page = await session.jobs.list_for_pipeline(pipeline, sort="created,desc", size=20).page()
    return list(page.items)


def _created(job: Job) -> datetime:
    return job.created or _BEFORE_ALL
