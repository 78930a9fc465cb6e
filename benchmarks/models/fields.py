"""The fields of the five classes, and of what is in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints
from uuid import UUID

__all__ = ["CLASSES", "default_of", "hints_of", "member_of", "replaced"]


class Link:
    href: str
    type: str | None = None


class Member:
    id: str
    name: str | None = None
    handle: str | None = None


class ApiKey:
    id: UUID
    links: dict[str, Link]
    created: datetime | None = None
    last_modified: datetime | None = None
    name: str | None = None
    client_id: str | None = None
    profile_id: str | None = None
    access_token: str | None = None


class WorkspaceStatus(StrEnum):
    PROVISIONING = "PROVISIONING"
    READY = "READY"
    FAILED = "FAILED"


class Workspace:
    id: UUID
    links: dict[str, Link]
    created: datetime | None = None
    last_modified: datetime | None = None
    alias: str | None = None
    name: str | None = None
    domains: tuple[str, ...] = ()
    repository_url: str | None = None
    repository_branch: str | None = None
    repository_directory: str | None = None
    github_installation_id: str | None = None
    deployment_secret: str | None = None
    ssh_private_key: str | None = None
    default_environment: str | None = None
    pipelines_image: str | None = None
    image_url: str | None = None
    app_properties: dict[str, Any] | None = None
    status: WorkspaceStatus | None = None
    managed: bool | None = None
    default_workspace: bool | None = None


class PipelineStatus(StrEnum):
    DRAFT = "DRAFT"
    PROVISIONING = "PROVISIONING"
    READY = "READY"
    FAILED = "FAILED"


class Pipeline:
    id: UUID
    links: dict[str, Link]
    status: PipelineStatus | None = None
    label: str | None = None
    name: str | None = None
    schedule: str | None = None
    timeout: int | None = None
    max_retries: int | None = None
    script: str | None = None
    created: datetime | None = None
    last_modified: datetime | None = None
    properties: dict[str, Any] | None = None
    data_components: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    triggered_by: tuple[str, ...] = ()
    repository_path: str | None = None


class JobType(StrEnum):
    WORKSPACE_CONFIG = "WORKSPACE_CONFIG"
    PIPELINE_CONFIG = "PIPELINE_CONFIG"
    PIPELINE_RUN = "PIPELINE_RUN"


class JobStatus(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"
    STOPPED = "STOPPED"


class Job:
    id: UUID
    links: dict[str, Link]
    embedded: dict[str, Any]
    created: datetime | None = None
    type: JobType | None = None
    triggered_by: str | None = None
    max_attempts: int | None = None
    attempt: int | None = None
    commit_id: str | None = None
    exit_code: int | None = None
    status: JobStatus | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None


class Dataset:
    id: UUID
    links: dict[str, Link]
    published: datetime | None = None
    alias: str | None = None
    workspace_id: UUID | None = None
    source: str | None = None
    title: str | None = None
    description: str | None = None
    description_content_type: str | None = None
    questions: str | None = None
    raw_data: str | None = None
    visualisation: str | None = None
    metadata: str | None = None
    query: str | None = None
    like_count: int | None = None
    liked_by_profiles: tuple[Member, ...] = ()
    comment_count: int | None = None
    view_count: int | None = None
    created: datetime | None = None
    score: float | None = None
    repository_path: str | None = None


class PageNumbers:
    size: int
    total_elements: int
    total_pages: int
    number: int


CLASSES: Final = {cls.__name__: cls for cls in (ApiKey, Workspace, Pipeline, Job, Dataset)}


@cache
def hints_of(cls: Any) -> dict[str, Any]:
    """Return the types of a class's fields, by name."""
    return get_type_hints(cls)


def default_of(cls: Any, name: str, required: Any) -> Any:
    """Return a field's default, or what stands for a required one."""
    return vars(cls).get(name, required)


def member_of(name: str) -> str:
    """Return the name that a field has in documents."""
    first, *others = name.split("_")
    return f"_{name}" if name in {"links", "embedded"} else first + "".join(each.capitalize() for each in others)


def replaced(kind: Any, make: Callable[[Any], Any]) -> Any:
    """Return a type with the classes of this file in it replaced by what is made of them."""
    origin, arguments = get_origin(kind), get_args(kind)
    if not arguments:
        is_ours = isinstance(kind, type) and kind.__module__ == __name__ and not issubclass(kind, StrEnum)
        return make(kind) if is_ours else kind
    changed = tuple(each if each is ... else replaced(each, make) for each in arguments)
    return Union[changed] if origin is UnionType else origin[changed]  # noqa: UP007  # made at run time
