"""Deployments: a workspace's repository, put into effect ("Deployments" page of the API reference)."""

from __future__ import annotations

import hmac

from aiomatatika.decoding.header_fields import HeaderFields
from aiomatatika.decoding.request_bodies import Body
from aiomatatika.resources.group import ACCEPTED, CallOptions, Group, Ref, id_of
from aiomatatika.resources.jobs.models import Job
from aiomatatika.resources.workspaces import Workspace
from aiomatatika.secret import Secret
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

    async def github_webhook(self, workspace: Ref[Workspace], event: bytes, *, secret: Secret) -> Job:
        """Deploy as GitHub asks for it: ``POST /workspaces/{workspace_id}/deployments/github-webhook``. Sent once.

        For programs that stand in for GitHub. The header ``X-Hub-Signature`` proves the event by the secret.

        Args:
            workspace: The workspace.
            event: GitHub's push event: JSON, sent byte for byte.
            secret: The workspace's ``deployment_secret``.

        Raises:
            TransportError: Where ``sent`` is ``"maybe"``, the job may have started: ``session.jobs.list`` shows it.
            ForbiddenError, …: The signature is wrong.
        """
        signature = hmac.new(secret.reveal().encode(), event, "sha1").hexdigest()
        path = f"/workspaces/{id_of(workspace, Workspace)}/deployments/github-webhook"
        options: CallOptions = {
            "body": Body(event),
            "headers": HeaderFields({"X-Hub-Signature": f"sha1={signature}"}),
            "promised": ACCEPTED,
        }
        del event, secret, signature  # a traceback with locals would show them
        return await self._object("POST", path, Job, Repeat.ONCE, **options)
