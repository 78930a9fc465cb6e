"""Starting a run once: where its response is lost, the run is looked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Final

import msgspec

from aiomatatika.errors import MatatikaError, ResponseError
from aiomatatika.paging.page import read_page
from aiomatatika.resources.jobs.models import Job, JobType
from aiomatatika.transport.client import Client
from aiomatatika.transport.clock import Deadline
from aiomatatika.transport.message import Request, Response
from aiomatatika.waiting.changes import Changes, Progress

__all__ = ["start_run"]

_BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)
# The lost request may still be on its way.
_LOOKS: Final = 3


def _jobs(response: Response) -> list[Job]:
    return response.promised(read_page(response, Job, "jobs")).items


def _newest(jobs: Sequence[Job]) -> datetime:
    return max((job.created for job in jobs if job.created is not None), default=_BEFORE_ALL)


def _runs_after(moment: datetime, jobs: Sequence[Job]) -> list[Job]:
    runs = (job for job in jobs if job.type in {None, JobType.PIPELINE_RUN})
    return [job for job in runs if job.created is not None and job.created > moment]


async def start_run(
    client: Client, newest_jobs: Request, create: Callable[[float], Awaitable[Job]], deadline: Deadline
) -> Job:
    """Start a run and return its job, also where the response is lost and there is exactly one that can be it.

    What is older than the call is told by the server's clock alone: the newest job is read before.

    Args:
        client: Sends the GETs.
        newest_jobs: The GET of the pipeline's jobs, the newest first.
        create: Starts the run, in so many seconds.
        deadline: When the wait for the run is over.

    Raises:
        MatatikaError: The run was not started, or may have started and was not to be found.
    """
    response = await client.send(msgspec.structs.replace(newest_jobs, within=deadline.left()))
    moment = _newest(_jobs(response))
    try:
        return await create(deadline.left())
    except MatatikaError as error:
        # After a success status the server has acted, whatever it says.
        if not (error.maybe_done or isinstance(error, ResponseError)):
            raise
        runs = await _find(client, newest_jobs, moment, deadline.left())
        if len(runs) != 1:
            raise
        return runs[0]


async def _find(client: Client, newest_jobs: Request, moment: datetime, within: float) -> list[Job]:
    looks = count(1)
    search = Progress[list[Job]](
        read=lambda response: _runs_after(moment, _jobs(response)),
        state=len,
        has_ended=lambda runs: next(looks) >= _LOOKS or bool(runs),
    )
    try:
        return await Changes(client, newest_jobs, search, within).last()
    except MatatikaError:
        return []
