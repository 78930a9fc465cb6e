"""Dataplugins: definitions of connectors ("Dataplugins" page of the API reference)."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack
from uuid import UUID

import attrs

from aiomatatika.decoding.request_bodies import text_body
from aiomatatika.enums import OpenEnum
from aiomatatika.hal import HalResource, JsonObject
from aiomatatika.paging.collection import Collection
from aiomatatika.resources.bodies import FieldValues, member, set_by_server
from aiomatatika.resources.group import DONE, OK_OR_CREATED, Group, Paging, Ref, id_of
from aiomatatika.resources.workspaces import Workspace
from aiomatatika.transfer import Download
from aiomatatika.transport.repeat import Repeat

__all__ = [
    "Dataplugin",
    "DatapluginCapability",
    "DatapluginCommand",
    "DatapluginFields",
    "DatapluginType",
    "DatapluginVariant",
    "Dataplugins",
    "Setting",
    "SettingKind",
    "SettingOption",
]


class DatapluginType(OpenEnum):
    """What a dataplugin is for. The server also accepts the plurals, ``tap`` and ``target``."""

    EXTRACTOR = "extractor"
    LOADER = "loader"
    MAPPER = "mapper"
    TRANSFORM = "transform"
    TRANSFORMER = "transformer"
    MODEL = "model"
    FILE = "file"
    ORCHESTRATOR = "orchestrator"
    UTILITY = "utility"


class DatapluginCapability(OpenEnum):
    """What a dataplugin can do, in the terms of the Singer SDK."""

    ABOUT = "about"
    ACTIVATE_VERSION = "activate_version"
    BATCH = "batch"
    CATALOG = "catalog"
    DATATYPE_FAILSAFE = "datatype_failsafe"
    DISCOVER = "discover"
    HARD_DELETE = "hard_delete"
    LOG_BASED = "log_based"
    PROPERTIES = "properties"
    RECORD_FLATTENING = "record_flattening"
    SCHEMA_FLATTENING = "schema_flattening"
    SOFT_DELETE = "soft_delete"
    STATE = "state"
    STREAM_MAPS = "stream_maps"


class SettingKind(OpenEnum):
    """The type of a setting's value."""

    STRING = "STRING"
    INTEGER = "INTEGER"
    PASSWORD = "PASSWORD"
    HIDDEN = "HIDDEN"
    BOOLEAN = "BOOLEAN"
    DATE_ISO8601 = "DATE_ISO8601"
    EMAIL = "EMAIL"
    OAUTH = "OAUTH"
    FILE = "FILE"
    ARRAY = "ARRAY"
    ARRAY_OBJECT = "ARRAY_OBJECT"
    OPTIONS = "OPTIONS"
    OBJECT = "OBJECT"


@attrs.frozen(kw_only=True)
class SettingOption(HalResource):
    """A choice of a setting (vendor's OpenAPI; in no sample).

    Attributes:
        label: What the app shows.
        value: What is stored.
    """

    label: str | None = None
    value: str | None = None


@attrs.frozen(kw_only=True)
class Setting(HalResource):
    """A setting of a dataplugin.

    Attributes:
        name: The key.
        aliases: Other keys.
        label: The display name.
        value: The default value: text in samples, any JSON in the vendor's OpenAPI. It does not show in ``repr``.
        options: The choices, where the kind is ``OPTIONS`` (vendor's OpenAPI; in no sample).
        placeholder: What an empty field of the app shows.
        kind: The type of the value.
        description: What it is for.
        tooltip: A short hint (vendor's OpenAPI; in no sample).
        documentation: The URL of its documentation.
        protected: Whether it is locked.
        hidden: Whether the app hides it (vendor's OpenAPI; in no sample).
        sensitive: Whether the value is a secret (vendor's OpenAPI; in no sample).
        env: The environment variable that sets it.
        env_aliases: Other environment variables.
        required: When it is required: a text, not a bool (vendor's OpenAPI; in no sample).
        oauth: The OAuth provider ("Dataplugins" page; in no sample). It does not show.
        encoding: The stored form, such as ``BASE64`` or ``AZURE_KEY_VAULT_SECRET`` (vendor's OpenAPI; in no sample).
        value_processor: How the value is transformed, such as ``nest_object`` or ``upcase_string`` (vendor's OpenAPI;
            in no sample).
        value_post_processor: How it is transformed afterwards, such as ``stringify`` (as above).
    """

    name: str | None = None
    aliases: tuple[str, ...] = ()
    label: str | None = None
    value: Any = attrs.field(default=None, repr=False)
    options: tuple[SettingOption, ...] = ()
    placeholder: str | None = None
    kind: SettingKind | None = None
    description: str | None = None
    tooltip: str | None = None
    documentation: str | None = None
    protected: bool | None = None
    hidden: bool | None = None
    sensitive: bool | None = None
    env: str | None = None
    env_aliases: tuple[str, ...] = ()
    required: str | None = None
    oauth: JsonObject | None = None
    encoding: str | None = None
    value_processor: str | None = member("value_processor")
    value_post_processor: str | None = member("value_post_processor")


@attrs.frozen(kw_only=True)
class DatapluginCommand(HalResource):
    """A named command of a dataplugin or a datacomponent.

    Attributes:
        args: The arguments.
        executable: The program.
        description: What it does.
        container_spec: The container that it runs in: ``image``, ``command``, ``entrypoint``, ``env``, ``ports`` and
            ``volumes``. It does not show.
    """

    args: str | None = None
    executable: str | None = None
    description: str | None = None
    container_spec: JsonObject | None = None


@attrs.frozen(kw_only=True)
class DatapluginVariant(HalResource):
    """A variant of a dataplugin (vendor's OpenAPI; in no sample). The fields mean what they mean on `Dataplugin`.

    Attributes:
        name, docs, repo, executable, pip_url, python: As on `Dataplugin`.
        default: Whether it is the default variant.
        capabilities, select, update, vars, settings, commands: As on `Dataplugin`.
    """

    name: str | None = None
    docs: str | None = None
    repo: str | None = None
    executable: str | None = None
    pip_url: str | None = member("pip_url")
    python: str | None = None
    default: bool | None = None
    capabilities: tuple[DatapluginCapability, ...] = ()
    select: tuple[str, ...] = ()
    update: JsonObject | None = None
    vars: JsonObject | None = None
    settings: tuple[Setting, ...] = ()
    commands: Mapping[str, DatapluginCommand] | None = None


@attrs.frozen(kw_only=True)
class Dataplugin(HalResource):
    """A definition of a connector: a Meltano plugin.

    Attributes:
        id: Its id.
        plugin_type: What it is for; samples have it in either case.
        name: Its name, such as ``tap-github``.
        namespace: Its Meltano namespace.
        variant: Its Meltano variant.
        label: Its display name.
        description: What it does.
        logo_url: Its logo: a path on the app's host, such as ``/assets/logos/github.svg``.
        hidden: Whether lists leave it out.
        docs: The URL of its documentation.
        pip_url: Its pip requirement.
        repo: The URL of its repository.
        repository_url: The older name of ``repo``, in samples of 2021 and 2022.
        executable: The command that runs it.
        python: The Python interpreter that it needs (vendor's OpenAPI; in no sample).
        capabilities: What it can do; the order varies from call to call.
        select: The selection rules that it begins with.
        update: Its files that are kept up to date. They do not show.
        vars: Its variables, all strings. They do not show.
        settings: Its settings.
        metadata: Free (vendor's OpenAPI; in no sample). It does not show.
        variants: Its other variants (vendor's OpenAPI; in no sample).
        commands: Its commands by name (vendor's OpenAPI; in no sample).
        matatika_hidden: Whether the app hides it (vendor's OpenAPI; in no sample).
        inherit_from: The plugin that it inherits from (vendor's OpenAPI; in no sample).
        requires: The plugins that it needs (vendor's OpenAPI; in no sample).
        full_description: A longer description (vendor's OpenAPI; in no sample).
        default: The default variant (vendor's OpenAPI; in no sample).
        fully_qualified_name: Its name as `Datacomponent.data_plugin` has it, such as
            ``loaders/target-postgres--matatika`` ("Dataplugins" page; in no sample).
        settings_group_validation: Groups of settings that belong together (one sample of 2021).
    """

    id: UUID
    plugin_type: DatapluginType | None = None
    name: str | None = None
    namespace: str | None = None
    variant: str | None = None
    label: str | None = None
    description: str | None = None
    logo_url: str | None = None
    hidden: bool | None = None
    docs: str | None = None
    pip_url: str | None = None
    repo: str | None = None
    repository_url: str | None = None
    executable: str | None = None
    python: str | None = None
    capabilities: tuple[DatapluginCapability, ...] = ()
    select: tuple[str, ...] = ()
    update: JsonObject | None = None
    vars: JsonObject | None = None
    settings: tuple[Setting, ...] = ()
    metadata: JsonObject | None = None
    variants: tuple[DatapluginVariant, ...] = ()
    commands: Mapping[str, DatapluginCommand] | None = None
    matatika_hidden: bool | None = None
    inherit_from: str | None = None
    requires: tuple[Dataplugin, ...] = ()
    full_description: str | None = None
    default: str | None = None
    fully_qualified_name: str | None = set_by_server()
    settings_group_validation: tuple[Any, ...] = ()


class DatapluginFields(TypedDict, total=False):
    """What can be set on a dataplugin; `Dataplugin` says what each is.

    ``name``, ``plugin_type`` and ``variant`` are required to create one. Settings, variants and commands may be objects
    of their classes, or mappings with the names of the API.
    """

    plugin_type: DatapluginType | str
    name: str
    namespace: str | None
    variant: str
    label: str | None
    description: str | None
    logo_url: str | None
    hidden: bool | None
    docs: str | None
    pip_url: str | None
    repo: str | None
    repository_url: str | None
    executable: str | None
    python: str | None
    capabilities: Sequence[DatapluginCapability | str]
    select: Sequence[str]
    update: Mapping[str, str] | JsonObject | None
    vars: Mapping[str, str] | JsonObject | None
    settings: Sequence[Setting | Mapping[str, Any]]
    metadata: Mapping[str, Any] | JsonObject | None
    variants: Sequence[DatapluginVariant | Mapping[str, Any]]
    commands: Mapping[str, DatapluginCommand | Mapping[str, Any]] | None
    matatika_hidden: bool | None
    inherit_from: str | None
    requires: Sequence[Dataplugin | Mapping[str, Any]]
    full_description: str | None
    default: str | None
    settings_group_validation: Sequence[Any]


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
