"""The feed: the datasets that a workspace puts forward ("Feed" page of the API reference)."""

from __future__ import annotations

from typing import Unpack

from aiomatatika.paging.collection import Collection
from aiomatatika.resources.datasets.models import Dataset
from aiomatatika.resources.group import Group, Paging, Ref, id_of
from aiomatatika.resources.workspaces import Workspace

__all__ = ["Feed"]


class Feed(Group):
    """The calls on the feed: ``session.feed``."""

    def list(self, workspace: Ref[Workspace], **paging: Unpack[Paging]) -> Collection[Dataset]:
        """Return a workspace's feed: ``GET /workspaces/{workspace_id}/feed`` for each page. Nothing is sent yet.

        Args:
            workspace: The workspace.
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.
        """
        return self._list(f"/workspaces/{id_of(workspace, Workspace)}/feed", Dataset, "datasets", paging)
