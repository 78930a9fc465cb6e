"""`Dataplugins`: the calls on dataplugins."""

from __future__ import annotations

import builtins
from typing import Unpack

from aiomatatika.decoding.request_bodies import text_body
from aiomatatika.paging.collection import Collection
from aiomatatika.resources.bodies import FieldValues
from aiomatatika.resources.dataplugins.models import Dataplugin, DatapluginFields
from aiomatatika.resources.group import DONE, OK_OR_CREATED, Group, Paging, Ref, id_of
from aiomatatika.resources.workspaces import Workspace
from aiomatatika.transfer import Download
from aiomatatika.transport.repeat import Repeat

__all__ = ["Dataplugins"]


def _path(workspace: Ref[Workspace], dataplugin: Ref[Dataplugin]) -> str:
    return f"/workspaces/{id_of(workspace, Workspace)}/dataplugins/{id_of(dataplugin, Dataplugin)}"


class Dataplugins(Group):
    """The calls on dataplugins: ``session.dataplugins``."""

    def list_supported(self, **paging: Unpack[Paging]) -> Collection[Dataplugin]:
        """Return the dataplugins of the service: ``GET /dataplugins`` for each page. Nothing is sent yet.

        Args:
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.
        """
        return self._list("/dataplugins", Dataplugin, "dataplugins", paging)

    def list(self, workspace: Ref[Workspace], **paging: Unpack[Paging]) -> Collection[Dataplugin]:
        """Return a workspace's dataplugins: ``GET /workspaces/{workspace_id}/dataplugins`` for each page.

        Nothing is sent yet.

        Args:
            workspace: The workspace.
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.
        """
        path = f"/workspaces/{id_of(workspace, Workspace)}/dataplugins"
        return self._list(path, Dataplugin, "dataplugins", paging)

    async def get(self, dataplugin: Ref[Dataplugin]) -> Dataplugin:
        """Return one dataplugin: ``GET /dataplugins/{dataplugin_id}``. Repeating is safe.

        Raises:
            NotFoundError: No dataplugin has this id, or the caller may not see it.
        """
        return await self._get(f"/dataplugins/{id_of(dataplugin, Dataplugin)}", Dataplugin)

    async def initialise(self, workspace: Ref[Workspace]) -> Dataplugin:
        """Return a draft with a new id: ``POST /workspaces/{workspace_id}/dataplugins``.

        Idempotent: nothing is stored, and a lost response is repeated.

        Raises:
            NotFoundError: No workspace has this id.
        """
        return await self._initialise(f"/workspaces/{id_of(workspace, Workspace)}/dataplugins", Dataplugin)

    async def create(
        self, workspace: Ref[Workspace], *, draft: Dataplugin | None = None, **fields: Unpack[DatapluginFields]
    ) -> Dataplugin:
        """Create a dataplugin: `initialise` unless there is a draft, then a PUT.

        ``PUT /workspaces/{workspace_id}/dataplugins/{dataplugin_id}``. Idempotent: a lost response is repeated.

        Args:
            workspace: The workspace.
            draft: What `initialise` returned.
            **fields: What to set; ``name``, ``plugin_type`` and ``variant`` are required.

        Raises:
            BadRequestError: A field is missing or invalid; nothing was created.
            TypeError: A field does not exist; nothing was sent.
        """
        body = FieldValues(Dataplugin, fields).new()
        draft = draft or await self.initialise(workspace)
        return await self._create(_path(workspace, draft), Dataplugin, body)

    async def update(
        self, workspace: Ref[Workspace], dataplugin: Dataplugin, **changes: Unpack[DatapluginFields]
    ) -> Dataplugin:
        """Change a dataplugin: ``PUT /workspaces/{workspace_id}/dataplugins/{dataplugin_id}``. Idempotent.

        All that was read is sent, with the changes; secrets that the server shows as masks are left out, and a WARNING
        names them.

        Args:
            workspace: The workspace that it belongs to.
            dataplugin: The dataplugin as it was read.
            **changes: What to change; None takes a field away.

        Raises:
            NotFoundError, BadRequestError, …: Nothing was changed.
            ResponseError: It had gone, and was created anew (201).
            TypeError: A field does not exist; nothing was sent.
        """
        body = await self._changed(dataplugin, changes, self.get)
        return await self._update(_path(workspace, dataplugin), Dataplugin, body)

    async def delete(self, dataplugin: Ref[Dataplugin]) -> None:
        """Delete a dataplugin: ``DELETE /dataplugins/{dataplugin_id}``.

        Idempotent: a lost response is repeated, and a 404 to the repeat is success.

        Raises:
            NotFoundError: No dataplugin has this id.
        """
        await self._delete(f"/dataplugins/{id_of(dataplugin, Dataplugin)}")

    def discovery(self, workspace: Ref[Workspace] | None = None) -> Download:
        """Return the definitions of all dataplugins as a Meltano ``discovery.yml``, text in YAML.

        ``GET /discovery.yml``, or ``GET /workspaces/{workspace_id}/discovery.yml`` with a workspace. Nothing is sent
        until it is read. Repeating is safe.

        Args:
            workspace: Whose dataplugins; None: those of the service.
        """
        place = "" if workspace is None else f"/workspaces/{id_of(workspace, Workspace)}"
        request = self._request("GET", f"{place}/discovery.yml", Repeat.SAFE, promised=DONE, accept="*/*")
        return Download(self._client, request)

    async def publish_discovery(self, workspace: Ref[Workspace], discovery: str) -> builtins.list[Dataplugin]:
        """Create or replace the dataplugins of a ``discovery.yml``: ``POST /workspaces/{workspace_id}/discovery``.

        Idempotent: a lost response is repeated, and the repeat replaces what the first one created. The body is YAML,
        though its media type has to be ``application/json``.

        Args:
            workspace: The workspace.
            discovery: The YAML text: ``version: 19``, and lists such as ``extractors`` and ``loaders``.

        Returns:
            The dataplugins.

        Raises:
            BadRequestError: The text is invalid; nothing was created.
            InvalidArgumentError: It is not a str that UTF-8 can encode; nothing was sent.
        """
        body = text_body(discovery, "discovery")
        del discovery  # it can hold passwords, and a traceback with locals would show them
        path = f"/workspaces/{id_of(workspace, Workspace)}/discovery"
        return await self._published(path, Dataplugin, "dataplugins", body=body, promised=OK_OR_CREATED)
