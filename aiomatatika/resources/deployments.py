"""Deployments: a workspace's repository, put into effect ("Deployments" page of the API reference)."""

from __future__ import annotations

from aiomatatika.resources.group import ACCEPTED, Group, Ref, id_of
from aiomatatika.resources.jobs import Job
from aiomatatika.resources.workspaces import Workspace
from aiomatatika.transport.repeat import Repeat

__all__ = ["Deployments"]


class Deployments(Group):
    """The calls on deployments: ``session.deployments``."""

    async def create(self, workspace: Ref[Workspace]) -> Job:
        """Deploy a workspace's repository: ``POST /workspaces/{workspace_id}/deployments``. Sent once.

        The job goes on after the response: ``await session.jobs.wait(job)``.

        Raises:
            TransportError: Where ``sent`` is ``"maybe"``, the job may have started: ``session.jobs.list`` shows it.
            NotFoundError: No workspace has this id.
        """
        path = f"/workspaces/{id_of(workspace, Workspace)}/deployments"
        return await self._object("POST", path, Job, Repeat.ONCE, promised=ACCEPTED)
