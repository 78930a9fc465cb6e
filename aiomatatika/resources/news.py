"""News: what happened in a workspace ("News" page of the API reference)."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from aiomatatika.paging.collection import Collection
from aiomatatika.resources.group import Group, Paging, Ref, id_of
from aiomatatika.resources.notifications import Notification
from aiomatatika.resources.workspaces import Workspace

__all__ = ["News"]


class News(Group):
    """The call on news: ``session.news``."""

    def list(
        self,
        workspace: Ref[Workspace],
        *,
        q: str | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
        **paging: Unpack[Paging],
    ) -> Collection[Notification]:
        """Return a workspace's news: ``GET /workspaces/{workspace_id}/news?q=&since=&before=`` for each page.

        Nothing is sent yet. What the workspace itself subscribes to is part of it.

        Args:
            workspace: The workspace.
            q: A tag to filter by, as ``tag:{name}``.
            since: Only what was created since then: an aware time, sent as UTC.
            before: Only what was created before then: an aware time, sent as UTC.
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.

        Raises:
            InvalidArgumentError: A time has no offset, or an argument is out of range.
        """
        path = f"/workspaces/{id_of(workspace, Workspace)}/news"
        return self._list(path, Notification, "notifications", paging, q=q, since=since, before=before)
