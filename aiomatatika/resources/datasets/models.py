"""A dataset and a message about one, as the API sends them."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict
from uuid import UUID

import attrs

from aiomatatika.hal import HalResource
from aiomatatika.resources.bodies import sent_back, set_by_server
from aiomatatika.resources.members import Member

__all__ = ["Dataset", "DatasetFields", "DatasetMessage"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Dataset(HalResource):
    """A published view of data, with an optional chart. Times are UTC.

    Attributes:
        id: Its id.
        published: When it was published.
        alias: Its name, unique in the workspace; it may contain slashes.
        workspace_id: Its workspace.
        source: The channel that it was published to: the name in samples, the id in the vendor's documentation.
        title: Its title.
        description: What it is about, often in Markdown; ``#words`` become tags.
        description_content_type: The media type of the description.
        questions: The questions that its data answers.
        raw_data: Data given by value: a JSON document in a str, or Mermaid text. It does not show in ``repr``.
        visualisation: Its chart: a JSON object in a str.
        metadata: The labels of its columns: a JSON object in a str.
        query: The SQL that is run against the workspace's default datastore.
        like_count: How many profiles like it.
        liked_by_profiles: Who they are.
        comment_count: How many comments it has.
        view_count: How often it was viewed.
        created: When it was created.
        score: Its weight in the feed.
        repository_path: The file in the workspace's repository that defines it (vendor's OpenAPI; in no sample).
    """

    id: UUID
    published: datetime | None = set_by_server()
    alias: str | None = None
    workspace_id: UUID | None = set_by_server()
    source: str | None = None
    title: str | None = None
    description: str | None = None
    description_content_type: str | None = None
    questions: str | None = None
    raw_data: str | None = attrs.field(default=None, repr=False)
    visualisation: str | None = None
    metadata: str | None = None
    query: str | None = None
    like_count: int | None = set_by_server()
    liked_by_profiles: tuple[Member, ...] = set_by_server(())
    comment_count: int | None = set_by_server()
    view_count: int | None = set_by_server()
    created: datetime | None = set_by_server()
    score: float | None = set_by_server()
    repository_path: str | None = sent_back()


class DatasetFields(TypedDict, total=False):
    """What can be set on a dataset; `Dataset` says what each is."""

    alias: str | None
    source: str | None
    title: str | None
    description: str | None
    description_content_type: str | None
    questions: str | None
    raw_data: str | None
    visualisation: str | None
    metadata: str | None
    query: str | None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DatasetMessage(HalResource):
    """A message about a dataset to one profile, which sees a notification of the same id.

    Attributes:
        id: Its id.
        recipient_id: The profile that it is for, such as ``auth0|5eb0327cbfd7490bff55feeb``.
        message: Its text.
        dataset_id: The dataset that it is about.
    """

    id: UUID
    recipient_id: str | None = None
    message: str | None = None
    dataset_id: UUID | None = set_by_server()
