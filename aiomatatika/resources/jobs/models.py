"""What a job is."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import attrs

from aiomatatika.enums import OpenEnum
from aiomatatika.hal import HalResource
from aiomatatika.resources.bodies import set_by_server

__all__ = ["Job", "JobStatus", "JobType"]


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


@attrs.frozen(kw_only=True, eq=False, repr=False)
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
