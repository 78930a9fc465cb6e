"""Subscriptions: what a profile wants to be told of ("Subscriptions" page of the API reference)."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack
from uuid import UUID

import attrs

from aiomatatika.enums import OpenEnum
from aiomatatika.hal import HalResource
from aiomatatika.paging.collection import Collection
from aiomatatika.resources.bodies import FieldValues, set_by_server
from aiomatatika.resources.channels import Channel
from aiomatatika.resources.datasets.models import Dataset
from aiomatatika.resources.group import CallOptions, Group, Paging, Ref, id_of
from aiomatatika.resources.pipelines.models import Pipeline
from aiomatatika.resources.workspaces import Workspace
from aiomatatika.transport.repeat import Repeat

__all__ = ["Subscription", "SubscriptionType", "Subscriptions"]


class SubscriptionType(OpenEnum):
    """What a subscriber is told of."""

    ALL = "ALL"
    ALERTS = "ALERTS"
    NONE = "NONE"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Subscription(HalResource):
    """A profile's interest in a workspace, channel, dataset or pipeline. Times are UTC.

    The subscriber and what it is interested in are in ``embedded``; a link names the latter, too.

    Attributes:
        id: Its id.
        created: When it was created.
        last_modified: When it was last changed.
        type: What the subscriber is told of: everything, alerts or nothing.
    """

    id: UUID
    created: datetime | None = set_by_server()
    last_modified: datetime | None = set_by_server()
    type: SubscriptionType | None = None


class Subscriptions(Group):
    """The calls on subscriptions: ``session.subscriptions``."""

    def list(self, **paging: Unpack[Paging]) -> Collection[Subscription]:
        """Return the caller's subscriptions: ``GET /subscriptions`` for each page. Nothing is sent yet.

        Args:
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.

        Raises:
            InvalidArgumentError: An argument is out of range.
        """
        return self._list("/subscriptions", Subscription, "subscriptions", paging)

    def list_for_members(self, workspace: Ref[Workspace], **paging: Unpack[Paging]) -> Collection[Subscription]:
        """Return what the members of a workspace subscribe to in it. Nothing is sent yet.

        It is ``GET /workspaces/{workspace_id}/members/subscriptions`` for each page.

        Args:
            workspace: The workspace.
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.
        """
        path = f"/workspaces/{id_of(workspace, Workspace)}/members/subscriptions"
        return self._list(path, Subscription, "subscriptions", paging)

    async def get(self, subscription: Ref[Subscription]) -> Subscription:
        """Return one subscription: ``GET /subscriptions/{subscription_id}``. Repeating is safe.

        Raises:
            NotFoundError: No subscription has this id, or it is another profile's.
        """
        return await self._get(f"/subscriptions/{id_of(subscription, Subscription)}", Subscription)

    async def subscribe_workspace(
        self, workspace: Ref[Workspace], *, type: SubscriptionType | str | None = None, all_members: bool = False
    ) -> Subscription:
        """Subscribe to a workspace: ``POST /workspaces/{workspace_id}/subscriptions?allMembers=``.

        Sent once: a repeat could subscribe twice.

        Args:
            workspace: The workspace.
            type: What to be told of; left out, the server chooses.
            all_members: Subscribe all of the workspace, which its owner may do.

        Raises:
            NotFoundError: No workspace has this id.
            TransportError: The response was lost: where ``sent`` is ``"maybe"``, look at `list` before a repeat.
        """
        path = f"/workspaces/{id_of(workspace, Workspace)}/subscriptions"
        return await self._subscribe(path, type, all_members=all_members)

    async def subscribe_channel(
        self, channel: Ref[Channel], *, type: SubscriptionType | str | None = None, all_members: bool = False
    ) -> Subscription:
        """Subscribe to a channel: ``POST /channels/{channel_id}/subscriptions?allMembers=``.

        Sent once; arguments and errors as of `subscribe_workspace`.
        """
        path = f"/channels/{id_of(channel, Channel)}/subscriptions"
        return await self._subscribe(path, type, all_members=all_members)

    async def subscribe_dataset(
        self, dataset: Ref[Dataset], *, type: SubscriptionType | str | None = None, all_members: bool = False
    ) -> Subscription:
        """Subscribe to a dataset: ``POST /datasets/{dataset_id}/subscriptions?allMembers=``.

        Sent once; arguments and errors as of `subscribe_workspace`.
        """
        path = f"/datasets/{id_of(dataset, Dataset)}/subscriptions"
        return await self._subscribe(path, type, all_members=all_members)

    async def subscribe_pipeline(
        self, pipeline: Ref[Pipeline], *, type: SubscriptionType | str | None = None, all_members: bool = False
    ) -> Subscription:
        """Subscribe to a pipeline: ``POST /pipelines/{pipeline_id}/subscriptions?allMembers=``.

        Sent once; arguments and errors as of `subscribe_workspace`.
        """
        path = f"/pipelines/{id_of(pipeline, Pipeline)}/subscriptions"
        return await self._subscribe(path, type, all_members=all_members)

    async def update(self, subscription: Ref[Subscription], type: SubscriptionType | str) -> Subscription:
        """Change what a subscriber is told of: ``PUT /subscriptions/{subscription_id}``. Idempotent.

        Where ``subscription`` is a `Subscription`, members that this library has no field for are sent back.

        Args:
            subscription: The subscription.
            type: What to be told of.

        Raises:
            NotFoundError: No subscription has this id.
            ResponseError: It had gone, and was created anew (201).
        """
        changes = {"type": SubscriptionType(type)}
        if isinstance(subscription, Subscription):
            body = await self._changed(subscription, changes, self.get)
        else:
            body = FieldValues(Subscription, changes).new()
        return await self._update(f"/subscriptions/{id_of(subscription, Subscription)}", Subscription, body)

    async def delete(self, subscription: Ref[Subscription]) -> None:
        """End a subscription: ``DELETE /subscriptions/{subscription_id}``.

        Idempotent: a lost response is repeated, and a 404 to the repeat is success.

        Raises:
            NotFoundError: No subscription has this id.
        """
        await self._delete(f"/subscriptions/{id_of(subscription, Subscription)}")

    async def _subscribe(self, path: str, type: SubscriptionType | str | None, *, all_members: bool) -> Subscription:
        options: CallOptions = {"query": {"allMembers": all_members or None}}
        if type is not None:
            options["body"] = FieldValues(Subscription, {"type": SubscriptionType(type)}).new()
        return await self._object("POST", path, Subscription, Repeat.ONCE, **options)
