"""What a pipeline is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypedDict
from uuid import UUID

import attrs

from aiomatatika.enums import OpenEnum
from aiomatatika.hal import HalResource, JsonObject
from aiomatatika.resources.bodies import member, sent_back, set_by_server

__all__ = ["Pipeline", "PipelineFields", "PipelineMetric", "PipelineStatus"]


class PipelineStatus(OpenEnum):
    """How far the server is with applying a pipeline's configuration."""

    DRAFT = "DRAFT"
    PROVISIONING = "PROVISIONING"
    READY = "READY"
    FAILED = "FAILED"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Pipeline(HalResource):
    """A runnable set of actions. Times are UTC.

    Attributes:
        id: Its id.
        status: How far the server is with applying its configuration; ``DRAFT``: saved, and not applied (vendor's
            OpenAPI only).
        label: Its display name (OpenAPI and Postman; in no sample).
        name: Its name. The server accepts no white space in a new one; older ones have some.
        schedule: When it runs: a six-field cron expression, beginning with seconds, or ``-``.
        timeout: Seconds until a run is stopped; 0: the server's default of 300.
        max_retries: How often a run is tried again after it ended with ``ERROR``.
        script: The Bash script to run instead of the actions (in no sample).
        created: When it was created.
        last_modified: When it was last changed.
        properties: Settings, all strings, named ``{datacomponent}.{setting}``. They can hold secrets and do not show.
        data_components: The names of its datacomponents; when writing, also full names of dataplugins.
        actions: What a run does: names of datacomponents, or commands.
        triggered_by: The names of the pipelines after which it runs, or ``deploy``.
        repository_path: The file of the workspace's repository that defines it.
    """

    id: UUID
    status: PipelineStatus | None = set_by_server()
    label: str | None = None
    name: str | None = None
    schedule: str | None = None
    timeout: int | None = None
    max_retries: int | None = None
    script: str | None = None
    created: datetime | None = set_by_server()
    last_modified: datetime | None = set_by_server()
    properties: JsonObject | None = None
    data_components: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    triggered_by: tuple[str, ...] = ()
    repository_path: str | None = sent_back()


class PipelineFields(TypedDict, total=False):
    """What can be set on a pipeline; `Pipeline` says what each is.

    ``label`` and ``data_components`` are required to create one.
    """

    label: str
    name: str | None
    schedule: str | None
    timeout: int | None
    max_retries: int | None
    script: str | None
    properties: Mapping[str, str] | JsonObject | None
    data_components: Sequence[str]
    actions: Sequence[str]
    triggered_by: Sequence[str]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PipelineMetric(HalResource):
    """How many records a run moved.

    Attributes:
        job_created: When the run's job was created, in UTC; ``metrics.job-created`` on the wire.
        value: The records counted; ``metrics.value`` on the wire.
    """

    job_created: datetime | None = member("metrics.job-created")
    value: float | None = member("metrics.value")
