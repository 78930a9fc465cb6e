"""Workspaces: where pipelines run and datasets are published ("Workspaces" page of the API reference)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

import attrs

from aiomatatika.enums import OpenEnum
from aiomatatika.hal import HalResource, JsonObject
from aiomatatika.paging.collection import Collection
from aiomatatika.resources.bodies import FieldValues, sent_back, set_by_server
from aiomatatika.resources.group import DONE, Group, Paging, Ref, id_of
from aiomatatika.secret import Secret
from aiomatatika.transport.repeat import Repeat

__all__ = ["Workspace", "WorkspaceFields", "WorkspaceStatus", "Workspaces"]


class WorkspaceStatus(OpenEnum):
    """How far the server is with setting a workspace up."""

    PROVISIONING = "PROVISIONING"
    READY = "READY"
    FAILED = "FAILED"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Workspace(HalResource):
    """A workspace. Times are UTC.

    Attributes:
        id: Its id.
        created: When it was created.
        last_modified: When it was last changed.
        alias: A short generated name, also that of its database schema: seven lower-case letters in samples.
        name: Its display name.
        domains: The e-mail domains, without ``@``, that may be invited; empty: any.
        repository_url: Its Git repository; the text ``DISABLED`` where there is none.
        repository_branch: The branch that is followed.
        repository_directory: The directory inside the repository.
        github_installation_id: The id of the GitHub App's installation.
        deployment_secret: Signs the events of the deployment webhook; an invitation shows it, too.
        ssh_private_key: The key to reach the repository with (vendor's OpenAPI; in no sample).
        default_environment: The active Meltano environment.
        pipelines_image: The container image that pipelines run in.
        image_url: Its picture: a ``data:`` URL of up to 699,052 characters. It does not show in ``repr``.
        app_properties: Free settings of the app, all strings. They do not show.
        status: How far the server is with setting it up.
        managed: Whether the service manages its repository and database.
        default_workspace: Whether it is the caller's default.
    """

    id: UUID
    created: datetime | None = set_by_server()
    last_modified: datetime | None = set_by_server()
    alias: str | None = set_by_server()
    name: str | None = None
    domains: tuple[str, ...] = ()
    repository_url: str | None = None
    repository_branch: str | None = None
    repository_directory: str | None = None
    github_installation_id: str | None = None
    deployment_secret: Secret | None = None
    ssh_private_key: Secret | None = None
    default_environment: str | None = None
    pipelines_image: str | None = None
    image_url: str | None = attrs.field(default=None, repr=False)
    app_properties: JsonObject | None = None
    status: WorkspaceStatus | None = set_by_server()
    managed: bool | None = sent_back()
    default_workspace: bool | None = set_by_server()


class WorkspaceFields(TypedDict, total=False):
    """What can be set on a workspace; `Workspace` says what each is. ``name`` is required to create one."""

    name: str
    domains: Sequence[str]
    repository_url: str | None
    repository_branch: str | None
    repository_directory: str | None
    github_installation_id: str | None
    deployment_secret: Secret | str | None
    ssh_private_key: Secret | str | None
    default_environment: str | None
    pipelines_image: str | None
    image_url: str | None
    app_properties: Mapping[str, str] | JsonObject | None


class Workspaces(Group):
    """The calls on workspaces: ``session.workspaces``."""

    def list(self, **paging: Unpack[Paging]) -> Collection[Workspace]:
        """Return the caller's workspaces: ``GET /workspaces`` for each page. Nothing is sent yet.

        Args:
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.

        Raises:
            InvalidArgumentError: An argument is out of range.
        """
        return self._list("/workspaces", Workspace, "workspaces", paging)

    async def get(self, workspace: Ref[Workspace]) -> Workspace:
        """Return one workspace: ``GET /workspaces/{workspace_id}``. Repeating is safe.

        Raises:
            NotFoundError: No workspace has this id, or the caller may not see it.
            InvalidArgumentError: The id is not a UUID; nothing was sent.
        """
        return await self._get(f"/workspaces/{id_of(workspace, Workspace)}", Workspace)

    async def initialise(self) -> Workspace:
        """Return a draft with a new id: ``POST /workspaces``. Nothing is stored: a lost response is repeated."""
        return await self._initialise("/workspaces", Workspace)

    async def create(self, *, draft: Workspace | None = None, **fields: Unpack[WorkspaceFields]) -> Workspace:
        """Create a workspace: `initialise` unless there is a draft, then ``PUT /workspaces/{workspace_id}``.

        Idempotent: a lost response is repeated. The server goes on working after its response: `wait` until the status
        is ``READY`` or ``FAILED``.

        Args:
            draft: What `initialise` returned.
            **fields: What to set; ``name`` is required.

        Raises:
            BadRequestError: A field is missing or invalid; nothing was created.
            TypeError: A field does not exist; nothing was sent.
        """
        body = FieldValues(Workspace, fields).new()
        draft = draft or await self.initialise()
        return await self._create(f"/workspaces/{id_of(draft, Workspace)}", Workspace, body)

    async def update(self, workspace: Workspace, **changes: Unpack[WorkspaceFields]) -> Workspace:
        """Change a workspace: ``PUT /workspaces/{workspace_id}`` of all that was read, with the changes. Idempotent.

        Secrets that the server shows as masks are not sent back; a WARNING names them.

        Args:
            workspace: The workspace as it was read.
            **changes: What to change; None takes a field away.

        Raises:
            NotFoundError, BadRequestError, …: Nothing was changed.
            ResponseError: It had gone, and was created anew (201).
            TypeError: A field does not exist; nothing was sent.
        """
        body = await self._changed(workspace, changes, self.get)
        return await self._update(f"/workspaces/{id_of(workspace, Workspace)}", Workspace, body)

    async def delete(self, workspace: Ref[Workspace]) -> None:
        """Delete a workspace: ``DELETE /workspaces/{workspace_id}``.

        Idempotent: a lost response is repeated, and a 404 to the repeat is success.

        Raises:
            NotFoundError: No workspace has this id.
        """
        await self._delete(f"/workspaces/{id_of(workspace, Workspace)}")

    async def make_default(self, workspace: Ref[Workspace]) -> None:
        """Make a workspace the caller's default: ``PUT /workspaces/{workspace_id}/default``. Idempotent.

        Raises:
            NotFoundError: No workspace has this id.
        """
        path = f"/workspaces/{id_of(workspace, Workspace)}/default"
        await self._send("PUT", path, Repeat.IDEMPOTENT, promised=DONE)

    async def wait(self, workspace: Ref[Workspace], *, within: float | None = None) -> Workspace:
        """Return a workspace when its status is no longer ``PROVISIONING``: see its ``status``.

        It is read again and again, as `Jobs.watch` says.

        Args:
            workspace: The workspace.
            within: Seconds to wait, at most; None: as long as it takes.

        Raises:
            PendingError: It is still ``PROVISIONING``.
            NotFoundError: No workspace has this id, or it was deleted meanwhile.
        """
        # Late: it takes a fifth of the time to import that this group does, and few programs wait for a workspace.
        from aiomatatika.waiting.provisioning import provisioned

        request = self._request("GET", f"/workspaces/{id_of(workspace, Workspace)}", Repeat.SAFE)
        return await provisioned(self._client, request, Workspace, within)
