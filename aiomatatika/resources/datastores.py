"""Datastores: databases that pipelines load data into ("Datastores" page of the API reference)."""

from __future__ import annotations

from typing import Unpack
from uuid import UUID

import attrs

from aiomatatika.paging.collection import Collection
from aiomatatika.resources.bodies import FieldValues, set_by_server
from aiomatatika.resources.datacomponents import Datacomponent, DatacomponentFields
from aiomatatika.resources.group import DONE, Group, Paging, Ref, id_of
from aiomatatika.resources.workspaces import Workspace
from aiomatatika.secret import Secret
from aiomatatika.transport.repeat import Repeat

__all__ = ["Datastore", "Datastores"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Datastore(Datacomponent):
    """A database that pipelines load data into. A workspace begins with one named ``Warehouse``.

    Its ``properties`` come back in plain text, password included; to members who are not administrators the server may
    show masks.

    Attributes:
        logo_url: Its logo: a path on the app's host.
        workspace: The id of its workspace.
        jdbc_url: Its JDBC URL, which can hold a password.
    """

    logo_url: str | None = set_by_server()
    workspace: UUID | None = set_by_server()
    jdbc_url: Secret | None = set_by_server()


class Datastores(Group):
    """The calls on datastores: ``session.datastores``."""

    def list(self, workspace: Ref[Workspace], **paging: Unpack[Paging]) -> Collection[Datastore]:
        """Return a workspace's datastores: ``GET /workspaces/{workspace_id}/datastores`` for each page.

        Nothing is sent yet.

        Args:
            workspace: The workspace.
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.
        """
        return self._list(f"/workspaces/{id_of(workspace, Workspace)}/datastores", Datastore, "datastores", paging)

    async def get(self, datastore: Ref[Datastore]) -> Datastore:
        """Return one datastore: ``GET /datastores/{datastore_id}``. Repeating is safe.

        Raises:
            NotFoundError: No datastore has this id, or the caller may not see it.
        """
        return await self._get(f"/datastores/{id_of(datastore, Datastore)}", Datastore)

    async def initialise(self, workspace: Ref[Workspace]) -> Datastore:
        """Return a draft with a new id: ``POST /workspaces/{workspace_id}/datastores``.

        Idempotent: nothing is stored, and a lost response is repeated.

        Raises:
            NotFoundError: No workspace has this id.
        """
        return await self._initialise(f"/workspaces/{id_of(workspace, Workspace)}/datastores", Datastore)

    async def create(
        self, workspace: Ref[Workspace], *, draft: Datastore | None = None, **fields: Unpack[DatacomponentFields]
    ) -> Datastore:
        """Create a datastore: `initialise` unless there is a draft, then a PUT.

        ``PUT /workspaces/{workspace_id}/datastores/{datastore_id}``. Idempotent: a lost response is repeated.

        Args:
            workspace: The workspace.
            draft: What `initialise` returned.
            **fields: What to set; ``name`` and ``data_plugin`` are required.

        Raises:
            BadRequestError: A field is missing or invalid; nothing was created.
            TypeError: A field does not exist; nothing was sent.
        """
        body = FieldValues(Datastore, fields).new()
        draft = draft or await self.initialise(workspace)
        path = f"/workspaces/{id_of(workspace, Workspace)}/datastores/{id_of(draft, Datastore)}"
        return await self._create(path, Datastore, body)

    async def update(self, datastore: Datastore, **changes: Unpack[DatacomponentFields]) -> Datastore:
        """Change a datastore: ``PUT /datastores/{datastore_id}`` of all that was read, with the changes. Idempotent.

        Secrets that the server shows as masks are not sent back; a WARNING names them.

        Args:
            datastore: The datastore as it was read.
            **changes: What to change; None takes a field away.

        Raises:
            NotFoundError, BadRequestError, …: Nothing was changed.
            ResponseError: It had gone, and was created anew (201).
            TypeError: A field does not exist; nothing was sent.
        """
        body = await self._changed(datastore, changes, self.get)
        return await self._update(f"/datastores/{id_of(datastore, Datastore)}", Datastore, body)

    async def make_default(self, datastore: Ref[Datastore]) -> None:
        """Make a datastore the default of its workspace: ``PUT /datastores/{datastore_id}/default``. Idempotent.

        Raises:
            NotFoundError: No datastore has this id.
        """
        path = f"/datastores/{id_of(datastore, Datastore)}/default"
        await self._send("PUT", path, Repeat.IDEMPOTENT, promised=DONE)

    async def delete(self, datastore: Ref[Datastore]) -> None:
        """Delete a datastore: ``DELETE /datastores/{datastore_id}``. The managed one and the default stay.

        Idempotent: a lost response is repeated, and a 404 to the repeat is success.

        Raises:
            NotFoundError: No datastore has this id.
            ApiError: It cannot be deleted.
        """
        await self._delete(f"/datastores/{id_of(datastore, Datastore)}")
