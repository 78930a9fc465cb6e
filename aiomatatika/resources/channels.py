"""Channels: groups of datasets ("Channels" page of the API reference)."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

import attrs

from aiomatatika.enums import OpenEnum
from aiomatatika.errors import InvalidArgumentError
from aiomatatika.hal import HalResource
from aiomatatika.paging.collection import Collection
from aiomatatika.resources.bodies import FieldValues, sent_back, set_by_server
from aiomatatika.resources.datasets.models import Dataset
from aiomatatika.resources.group import OK_OR_CREATED, Group, Paging, Ref, id_of
from aiomatatika.resources.members import Member
from aiomatatika.resources.workspaces import Workspace
from aiomatatika.transport.repeat import Repeat

__all__ = ["Channel", "ChannelFields", "ChannelScope", "ChannelType", "Channels", "NewChannelFields"]


class ChannelScope(OpenEnum):
    """Who sees a channel."""

    WORKSPACE = "WORKSPACE"
    PROFILE = "PROFILE"


class ChannelType(OpenEnum):
    """How datasets come into a channel: published to it, or put on its list."""

    SOURCE = "SOURCE"
    LIST = "LIST"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Channel(HalResource):
    """A group of datasets. Times are UTC.

    Attributes:
        id: Its id.
        name: Its name, unique in the workspace.
        workspace_id: Its workspace.
        creator: Who created it.
        scope: Who sees it: the whole workspace, or one profile.
        type: How datasets come into it.
        created: When it was created.
        last_modified: When it was last changed.
        description: What it is about.
        picture: The URL of its icon.
        dataset_count: How many datasets it has.
        contains_dataset: Whether it has the dataset that ``contains_dataset=`` of `Channels.list` named.
        repository_path: The file in the workspace's repository that defines it (vendor's OpenAPI; in no sample).
    """

    id: UUID
    name: str | None = None
    workspace_id: UUID | None = set_by_server()
    creator: Member | None = set_by_server()
    scope: ChannelScope | None = None
    type: ChannelType | None = None
    created: datetime | None = set_by_server()
    last_modified: datetime | None = set_by_server()
    description: str | None = None
    picture: str | None = None
    dataset_count: int | None = set_by_server()
    contains_dataset: bool | None = set_by_server()
    repository_path: str | None = sent_back()


class NewChannelFields(TypedDict, total=False):
    """What can be set on a new channel beside its name; `Channel` says what each is."""

    scope: ChannelScope | str | None
    type: ChannelType | str | None
    description: str | None
    picture: str | None


class ChannelFields(NewChannelFields, total=False):
    """What can be set on a channel; `Channel` says what each is."""

    name: str


class Channels(Group):
    """The calls on channels: ``session.channels``."""

    def list(
        self,
        workspace: Ref[Workspace],
        *,
        type: ChannelType | str | None = None,
        source: str | None = None,
        contains_dataset: Ref[Dataset] | None = None,
        **paging: Unpack[Paging],
    ) -> Collection[Channel]:
        """Return a workspace's channels: ``GET /workspaces/{workspace_id}/channels`` for each page.

        Nothing is sent yet.

        Args:
            workspace: The workspace.
            type: Only channels of this type.
            source: Only channels of this origin: ``"profile"`` or ``"workspace"``.
            contains_dataset: Have each channel tell whether it has this dataset (``containsDataset``).
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.
        """
        return self._list(
            f"/workspaces/{id_of(workspace, Workspace)}/channels",
            Channel,
            "channels",
            paging,
            type=type.lower() if isinstance(type, ChannelType) else type,  # the vendor documents lower case here
            source=source,
            containsDataset=None if contains_dataset is None else id_of(contains_dataset, Dataset),
        )

    def list_in_news(self, workspace: Ref[Workspace]) -> Collection[Channel]:
        """Return the channels in the caller's news: ``GET /workspaces/{workspace_id}/news/channels``, one page.

        Nothing is sent yet.
        """
        return self._list(f"/workspaces/{id_of(workspace, Workspace)}/news/channels", Channel, "channels")

    async def get(self, channel: Ref[Channel]) -> Channel:
        """Return one channel: ``GET /channels/{channel_id}``. Repeating is safe.

        Raises:
            NotFoundError: No channel has this id, or the caller may not see it.
            InvalidArgumentError: The id is not a UUID; nothing was sent.
        """
        return await self._get(f"/channels/{id_of(channel, Channel)}", Channel)

    async def initialise(self, workspace: Ref[Workspace]) -> Channel:
        """Return a draft with a new id: ``POST /workspaces/{workspace_id}/channels``.

        Nothing is stored: a lost response is repeated.
        """
        return await self._initialise(f"/workspaces/{id_of(workspace, Workspace)}/channels", Channel)

    async def create(
        self,
        workspace: Ref[Workspace],
        name: str,
        *,
        draft: Channel | None = None,
        **fields: Unpack[NewChannelFields],
    ) -> Channel:
        """Create a channel: ``PUT /workspaces/{workspace_id}/channels/{channel_id}``.

        `initialise` comes first unless there is a draft. Idempotent: a lost response is repeated.

        Args:
            workspace: The workspace.
            name: Its name, unique in the workspace: a channel that has it already may be changed instead.
            draft: What `initialise` returned.
            **fields: What else to set.

        Raises:
            BadRequestError: A field is invalid; nothing was created.
            TypeError: A field does not exist; nothing was sent.
        """
        body = FieldValues(Channel, {"name": name, **fields}).new()
        draft = draft or await self.initialise(workspace)
        path = f"/workspaces/{id_of(workspace, Workspace)}/channels/{id_of(draft, Channel)}"
        return await self._create(path, Channel, body)

    async def update(self, channel: Channel, **changes: Unpack[ChannelFields]) -> Channel:
        """Change a channel: ``PUT /workspaces/{workspace_id}/channels/{channel_id}`` of all that was read.

        Idempotent. One that has gone meanwhile is created anew.

        Args:
            channel: The channel as it was read.
            **changes: What to change; None takes a field away.

        Raises:
            BadRequestError, …: Nothing was changed.
            InvalidArgumentError: The channel does not say which workspace it is in; read it with `get`.
            TypeError: A field does not exist; nothing was sent.
        """
        if not isinstance(channel, Channel) or channel.workspace_id is None:
            raise InvalidArgumentError("this call needs a Channel with its workspace_id: read it with channels.get")
        body = await self._changed(channel, changes, self.get)
        path = f"/workspaces/{id_of(channel.workspace_id, Workspace)}/channels/{id_of(channel, Channel)}"
        return await self._create(path, Channel, body)

    async def delete(self, channel: Ref[Channel]) -> None:
        """Delete a channel: ``DELETE /channels/{channel_id}``.

        Idempotent: a lost response is repeated, and a 404 to the repeat is success.

        Raises:
            NotFoundError: No channel has this id.
        """
        await self._delete(f"/channels/{id_of(channel, Channel)}")

    async def add_dataset(self, channel: Ref[Channel], dataset: Ref[Dataset]) -> None:
        """Put a dataset on a list: ``PUT /channels/{channel_id}/datasets/{dataset_id}``. Idempotent.

        Args:
            channel: A channel of the type ``LIST``.
            dataset: The dataset.

        Raises:
            NotFoundError: No channel, or no dataset, has this id.
        """
        path = f"/channels/{id_of(channel, Channel)}/datasets/{id_of(dataset, Dataset)}"
        await self._send("PUT", path, Repeat.IDEMPOTENT, promised=OK_OR_CREATED)

    async def remove_dataset(self, channel: Ref[Channel], dataset: Ref[Dataset]) -> None:
        """Take a dataset off a list: ``DELETE /channels/{channel_id}/datasets/{dataset_id}``.

        Idempotent: a lost response is repeated, and a 404 to the repeat is success.

        Raises:
            NotFoundError: The channel does not have the dataset.
        """
        await self._delete(f"/channels/{id_of(channel, Channel)}/datasets/{id_of(dataset, Dataset)}")

    async def add_workspace_scope(self, channel: Ref[Channel]) -> Channel:
        """Open a channel to its workspace: ``PUT /channels/{channel_id}/scope/workspace``. Idempotent.

        Raises:
            NotFoundError: No channel has this id.
        """
        path = f"/channels/{id_of(channel, Channel)}/scope/workspace"
        return await self._object("PUT", path, Channel, Repeat.IDEMPOTENT)

    async def withdraw_workspace_scope(self, channel: Ref[Channel]) -> Channel:
        """Bring a channel back to its profile: ``PUT /channels/{channel_id}/scope/profile``. Idempotent.

        Raises:
            NotFoundError: No channel has this id.
        """
        path = f"/channels/{id_of(channel, Channel)}/scope/profile"
        return await self._object("PUT", path, Channel, Repeat.IDEMPOTENT)
