"""Datacomponents: dataplugins with their settings ("Datacomponents" page of the API reference)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

import attrs

from aiomatatika.enums import OpenEnum
from aiomatatika.hal import HalResource, JsonObject
from aiomatatika.paging.collection import Collection
from aiomatatika.resources.bodies import FieldValues, sent_back, set_by_server
from aiomatatika.resources.dataplugins.commands import DatapluginCommand, DatapluginType
from aiomatatika.resources.group import Group, Paging, Ref, id_of
from aiomatatika.resources.workspaces import Workspace

__all__ = ["Datacomponent", "DatacomponentFields", "Datacomponents", "Selection", "Stream", "StreamField"]


class Selection(OpenEnum):
    """Whether a stream, or a field of it, is extracted."""

    AUTOMATIC = "AUTOMATIC"
    SELECTED = "SELECTED"
    EXCLUDED = "EXCLUDED"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class StreamField(HalResource):
    """A field of a stream.

    Attributes:
        name: Its name.
        selected: Whether it is extracted; ``AUTOMATIC``: always.
    """

    name: str | None = None
    selected: Selection | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Stream(HalResource):
    """A stream of an extractor.

    Attributes:
        name: Its name.
        selected: Whether it is extracted; ``AUTOMATIC``: always.
        fields: Its fields.
    """

    name: str | None = None
    selected: Selection | None = None
    fields: tuple[StreamField, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Datacomponent(HalResource):
    """A dataplugin with its settings, which pipelines are made of. Times are UTC.

    Attributes:
        id: Its id.
        created: When it was created.
        last_modified: When it was last changed.
        name: Its name, also in `Pipeline.data_components` and the keys of `Pipeline.properties`.
        properties: Its settings by name, all strings: ``"port": "5432"``. ``_select`` is a JSON array in a string,
            ``_metadata`` a JSON object in one. They can hold passwords, and do not show.
        commands: Its commands by name.
        streams: The streams of an extractor; a verification of a pipeline fills them in.
        data_plugin: The name of its dataplugin: sent as ``extractors/tap-x``, and returned with the variant, as
            ``extractors/tap-x--matatika``.
        data_plugin_type: What its dataplugin is for.
        data_plugin_logo_url: The logo of its dataplugin: a path on the app's host.
        repository_path: The file that defines it (vendor's OpenAPI; in no sample).
        draft: Whether it is unfinished (vendor's OpenAPI; in no sample).
        managed: Whether it belongs to the service (vendor's OpenAPI; in no sample).
    """

    id: UUID
    created: datetime | None = set_by_server()
    last_modified: datetime | None = set_by_server()
    name: str | None = None
    properties: JsonObject | None = None
    commands: Mapping[str, DatapluginCommand] | None = None
    streams: tuple[Stream, ...] = set_by_server(())
    data_plugin: str | None = None
    data_plugin_type: DatapluginType | None = set_by_server()
    data_plugin_logo_url: str | None = set_by_server()
    repository_path: str | None = sent_back()
    draft: bool | None = sent_back()
    managed: bool | None = sent_back()


class DatacomponentFields(TypedDict, total=False):
    """What can be set on a datacomponent or a datastore; `Datacomponent` says what each is.

    ``name`` and ``data_plugin`` are required to create one. Commands may be objects of their class, or mappings with
    the names of the API.
    """

    name: str
    properties: Mapping[str, str] | JsonObject | None
    commands: Mapping[str, DatapluginCommand | Mapping[str, Any]] | None
    data_plugin: str


class Datacomponents(Group):
    """The calls on datacomponents: ``session.datacomponents``."""

    def list(self, workspace: Ref[Workspace], **paging: Unpack[Paging]) -> Collection[Datacomponent]:
        """Return a workspace's datacomponents: ``GET /workspaces/{workspace_id}/datacomponents`` for each page.

        Nothing is sent yet.

        Args:
            workspace: The workspace.
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.
        """
        path = f"/workspaces/{id_of(workspace, Workspace)}/datacomponents"
        return self._list(path, Datacomponent, "datacomponents", paging)

    async def get(self, datacomponent: Ref[Datacomponent]) -> Datacomponent:
        """Return one datacomponent: ``GET /datacomponents/{datacomponent_id}``. Repeating is safe.

        Raises:
            NotFoundError: No datacomponent has this id, or the caller may not see it.
        """
        return await self._get(f"/datacomponents/{id_of(datacomponent, Datacomponent)}", Datacomponent)

    async def initialise(self, workspace: Ref[Workspace]) -> Datacomponent:
        """Return a draft with a new id: ``POST /workspaces/{workspace_id}/datacomponents``.

        Idempotent: nothing is stored, and a lost response is repeated.

        Raises:
            NotFoundError: No workspace has this id.
        """
        return await self._initialise(f"/workspaces/{id_of(workspace, Workspace)}/datacomponents", Datacomponent)

    async def create(
        self, workspace: Ref[Workspace], *, draft: Datacomponent | None = None, **fields: Unpack[DatacomponentFields]
    ) -> Datacomponent:
        """Create a datacomponent: `initialise` unless there is a draft, then a PUT.

        ``PUT /workspaces/{workspace_id}/datacomponents/{datacomponent_id}``. Idempotent: a lost response is repeated.

        Args:
            workspace: The workspace.
            draft: What `initialise` returned.
            **fields: What to set; ``name`` and ``data_plugin`` are required.

        Raises:
            BadRequestError: A field is missing or invalid; nothing was created.
            TypeError: A field does not exist; nothing was sent.
        """
        body = FieldValues(Datacomponent, fields).new()
        draft = draft or await self.initialise(workspace)
        path = f"/workspaces/{id_of(workspace, Workspace)}/datacomponents/{id_of(draft, Datacomponent)}"
        return await self._create(path, Datacomponent, body)

    async def update(self, datacomponent: Datacomponent, **changes: Unpack[DatacomponentFields]) -> Datacomponent:
        """Change a datacomponent: ``PUT /datacomponents/{datacomponent_id}`` of all that was read, with the changes.

        Idempotent. Secrets that the server shows as masks are not sent back; a WARNING names them.

        Args:
            datacomponent: The datacomponent as it was read.
            **changes: What to change; None takes a field away.

        Raises:
            NotFoundError, BadRequestError, …: Nothing was changed.
            ResponseError: It had gone, and was created anew (201).
            TypeError: A field does not exist; nothing was sent.
        """
        body = await self._changed(datacomponent, changes, self.get)
        return await self._update(f"/datacomponents/{id_of(datacomponent, Datacomponent)}", Datacomponent, body)

    async def delete(self, datacomponent: Ref[Datacomponent]) -> None:
        """Delete a datacomponent: ``DELETE /datacomponents/{datacomponent_id}``.

        Idempotent: a lost response is repeated, and a 404 to the repeat is success.

        Raises:
            NotFoundError: No datacomponent has this id.
        """
        await self._delete(f"/datacomponents/{id_of(datacomponent, Datacomponent)}")
