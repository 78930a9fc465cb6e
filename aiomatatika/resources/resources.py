"""Resources: the files of a workspace ("Resources" page of the API reference)."""

from __future__ import annotations

import builtins
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Unpack

import attrs

from aiomatatika.decoding.request_bodies import json_body
from aiomatatika.hal import HalResource
from aiomatatika.paging.collection import Collection
from aiomatatika.resources.bodies import set_by_server
from aiomatatika.resources.group import DONE, OK_OR_CREATED, Group, Paging, Ref, id_of
from aiomatatika.resources.workspaces import Workspace
from aiomatatika.transfer import Download
from aiomatatika.transport.multipart import multipart_body
from aiomatatika.transport.repeat import Repeat
from aiomatatika.transport.urls import path_segments

__all__ = ["Resource", "Resources"]

_HAL_JSON = "application/hal+json"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Resource(HalResource):
    """A file of a workspace; its path is its id. Times are UTC.

    Attributes:
        path: Its path, such as ``files/report.json``.
        created: When it was created.
        last_modified: When it was last changed.
        content_type: Its media type.
        content: Its content as text, which does not show in ``repr``. How the server gives binary content here is in no
            source: `Resources.content` has the bytes.
    """

    path: str = set_by_server(attrs.NOTHING)
    created: datetime | None = set_by_server()
    last_modified: datetime | None = set_by_server()
    content_type: str | None = None
    content: str | None = attrs.field(default=None, repr=False)


def _path(workspace: Ref[Workspace], path: str) -> str:
    return f"/workspaces/{id_of(workspace, Workspace)}/resources/{path_segments(path, 'path')}"


class Resources(Group):
    """The calls on resources: ``session.resources``."""

    def list(self, workspace: Ref[Workspace], **paging: Unpack[Paging]) -> Collection[Resource]:
        """Return a workspace's files: ``GET /workspaces/{workspace_id}/resources`` for each page. Nothing is sent yet.

        Args:
            workspace: The workspace.
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.
        """
        return self._list(f"/workspaces/{id_of(workspace, Workspace)}/resources", Resource, "resources", paging)

    async def get(self, workspace: Ref[Workspace], path: str) -> Resource:
        """Return a file as an object: ``GET /workspaces/{workspace_id}/resources/{resource_path}``.

        Repeating is safe.

        Args:
            workspace: The workspace.
            path: The path of the file; each name is encoded, slashes stay.

        Raises:
            NotFoundError: The workspace has no such file.
            InvalidArgumentError: The path has a name that is empty or a dot segment, or a backslash; nothing was sent.
        """
        return await self._object("GET", _path(workspace, path), Resource, Repeat.SAFE, accept=_HAL_JSON)

    def content(self, workspace: Ref[Workspace], path: str) -> Download:
        """Return the bytes of a file, of any size: ``GET /workspaces/{workspace_id}/resources/{resource_path}``.

        Nothing is sent until it is read. Repeating is safe. The URL is that of `get`: ``Accept`` tells them apart.

        Args:
            workspace: The workspace.
            path: The path of the file, as for `get`.
        """
        request = self._request("GET", _path(workspace, path), Repeat.SAFE, promised=DONE, accept="*/*")
        return Download(self._client, request)

    async def put(self, workspace: Ref[Workspace], path: str, content: str, *, content_type: str) -> Resource:
        """Create or replace a file of text: ``PUT /workspaces/{workspace_id}/resources/{resource_path}``.

        Idempotent: a lost response is repeated. `publish` takes files of bytes.

        Args:
            workspace: The workspace.
            path: The path of the file, as for `get`.
            content: The text.
            content_type: Its media type, such as ``text/html``.

        Raises:
            BadRequestError: The server refuses it; nothing was changed.
            InvalidArgumentError: The path cannot be one, or the content is not text; nothing was sent.
        """
        body = json_body({"contentType": content_type, "content": content})
        del content  # it can hold passwords, and a traceback with locals would show them
        return await self._object(
            "PUT",
            _path(workspace, path),
            Resource,
            Repeat.IDEMPOTENT,
            body=body,
            content_type=_HAL_JSON,
            promised=OK_OR_CREATED,
        )

    async def publish(
        self, workspace: Ref[Workspace], files: Mapping[str, bytes | os.PathLike[str]]
    ) -> builtins.list[Resource]:
        """Create or replace several files of any content: ``POST /workspaces/{workspace_id}/resources``.

        Idempotent: a lost response is repeated, and the repeat replaces what the first one created. The body is
        multipart; local files are read while they are sent.

        Args:
            workspace: The workspace.
            files: By their path in the workspace: bytes, or the path of a local file, such as
                ``{"files/report.pdf": Path("report.pdf")}``.

        Returns:
            The files.

        Raises:
            InvalidArgumentError: The mapping is empty, or a path is invalid; nothing was sent.
            OSError: A local file cannot be read.
        """
        for path in files:
            path_segments(path, "path")
        body, content_type = multipart_body(files)
        del files  # it can hold passwords, and a traceback with locals would show them
        path = f"/workspaces/{id_of(workspace, Workspace)}/resources"
        return await self._published(path, Resource, "resources", body=body, content_type=content_type)

    async def delete(self, workspace: Ref[Workspace], path: str) -> None:
        """Delete a file: ``DELETE /workspaces/{workspace_id}/resources/{resource_path}``.

        Idempotent: a lost response is repeated, and a 404 to the repeat is success.

        Args:
            workspace: The workspace.
            path: The path of the file, as for `get`.

        Raises:
            NotFoundError: The workspace has no such file.
        """
        await self._delete(_path(workspace, path))
