"""Notifications: what happened, as a profile is told of it ("Notifications" page of the API reference)."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack
from uuid import UUID

import attrs

from aiomatatika.enums import OpenEnum
from aiomatatika.hal import HalResource
from aiomatatika.paging.collection import Collection, PageSource
from aiomatatika.paging.page import Page
from aiomatatika.resources.bodies import set_by_server
from aiomatatika.resources.group import Group, Paging, Ref, id_of, paging_query
from aiomatatika.resources.members import Member
from aiomatatika.resources.workspaces import Workspace
from aiomatatika.transport.repeat import Repeat

__all__ = ["Notification", "NotificationType", "Notifications"]


class NotificationType(OpenEnum):
    """What a notification is about."""

    DATASET_ACTIVITY = "DATASET_ACTIVITY"
    DATASET_ALERT = "DATASET_ALERT"
    DATASET_ANOMALY = "DATASET_ANOMALY"
    DATASET_COMMENT = "DATASET_COMMENT"
    DATASET_LIKE = "DATASET_LIKE"
    DATASET_MESSAGE = "DATASET_MESSAGE"
    DATASET_NEW = "DATASET_NEW"
    CHANNEL_ACTIVITY = "CHANNEL_ACTIVITY"
    WORKSPACE_ACTIVITY = "WORKSPACE_ACTIVITY"
    WORKSPACE_INVITATION = "WORKSPACE_INVITATION"
    PIPELINE_ACTIVITY = "PIPELINE_ACTIVITY"
    JOB_STARTED = "JOB_STARTED"
    JOB_ENDED = "JOB_ENDED"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Notification(HalResource):
    """Something that happened. Times are UTC.

    What it is about is in ``embedded``: the channel (without an id), the dataset, the comment, the subscriber.

    Attributes:
        id: Its id.
        created: When it was created.
        last_modified: When it was last changed.
        actor: Whose doing it was.
        type: What it is about.
        message: The text of a message about a dataset (vendor's OpenAPI; in no sample).
        resolved: Whether it was read.
    """

    id: UUID
    created: datetime | None = set_by_server()
    last_modified: datetime | None = set_by_server()
    actor: Member | None = set_by_server()
    type: NotificationType | None = set_by_server()
    message: str | None = set_by_server()
    resolved: bool | None = set_by_server()


class Notifications(Group):
    """The calls on notifications: ``session.notifications``."""

    def list(
        self,
        *,
        all: bool | None = None,  # noqa: A002  # the API's own name
        since: datetime | None = None,
        before: datetime | None = None,
        **paging: Unpack[Paging],
    ) -> Collection[Notification]:
        """Return the caller's notifications: ``GET /notifications?all=&since=&before=`` for each page.

        Nothing is sent yet.

        Args:
            all: Also those that were read; left out, the server lists the others alone.
            since: Only what was created since then: an aware time, sent as UTC.
            before: Only what was created before then: an aware time, sent as UTC.
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.

        Raises:
            InvalidArgumentError: A time has no offset, or an argument is out of range.
        """
        return self._list("/notifications", Notification, "notifications", paging, all=all, since=since, before=before)

    def list_for_workspace(
        self,
        workspace: Ref[Workspace],
        *,
        all: bool | None = None,  # noqa: A002  # the API's own name
        since: datetime | None = None,
        before: datetime | None = None,
        **paging: Unpack[Paging],
    ) -> Collection[Notification]:
        """Return the caller's notifications from a workspace.

        It is ``GET /workspaces/{workspace_id}/notifications?all=&since=&before=`` for each page. Nothing is sent yet.

        Args:
            workspace: The workspace.
            all: Also those that were read.
            since: As of `list`.
            before: As of `list`.
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.

        Raises:
            InvalidArgumentError: A time has no offset, or an argument is out of range.
        """
        path = f"/workspaces/{id_of(workspace, Workspace)}/notifications"
        return self._list(path, Notification, "notifications", paging, all=all, since=since, before=before)

    async def get(self, notification: Ref[Notification]) -> Notification:
        """Return one notification: ``GET /notifications/{notification_id}``. Repeating is safe.

        Raises:
            NotFoundError: No notification has this id, or it is another profile's.
        """
        return await self._get(f"/notifications/{id_of(notification, Notification)}", Notification)

    async def refresh(
        self, *, since: datetime | None = None, mark_as_resolved: bool | None = None, **paging: Unpack[Paging]
    ) -> Page[Notification]:
        """Return new notifications and mark those before them as read: ``PUT /notifications?since=&markAsResolved=``.

        Sent once: a repeat would mark as read what the lost response held.

        Args:
            since: Where the new ones begin, and those to mark end: an aware time, sent as UTC; left out, now.
            mark_as_resolved: False leaves the others unread; left out, they are marked.
            **paging: ``size``, ``sort`` and ``page``, as `Paging` says.

        Returns:
            One page. What its ``next_url`` names is asked for with GET, by ``notifications.list().at(next_url)``.

        Raises:
            TransportError: The response was lost: where ``sent`` is ``"maybe"``, `list` with ``all=True`` shows what it
                held.
            InvalidArgumentError: A time has no offset, or an argument is out of range; nothing was sent.
        """
        query = {"since": since, "markAsResolved": mark_as_resolved, **paging_query(paging)}
        response = await self._send("PUT", "/notifications", Repeat.ONCE, query=query)
        return await PageSource(self._client, Notification, "notifications").page(response)

    async def delete(self, notification: Ref[Notification]) -> None:
        """Delete a notification: ``DELETE /notifications/{notification_id}``.

        Idempotent: a lost response is repeated, and a 404 to the repeat is success.

        Raises:
            NotFoundError: No notification has this id.
        """
        await self._delete(f"/notifications/{id_of(notification, Notification)}")
