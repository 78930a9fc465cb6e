"""What a dataplugin is: its type, settings, variants and commands, and what can be set on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict
from uuid import UUID

import attrs

from aiomatatika.enums import OpenEnum
from aiomatatika.hal import HalResource, JsonObject
from aiomatatika.resources.bodies import member, set_by_server
from aiomatatika.resources.dataplugins.commands import DatapluginCommand, DatapluginType

__all__ = [
    "Dataplugin",
    "DatapluginCapability",
    "DatapluginFields",
    "DatapluginVariant",
    "Setting",
    "SettingKind",
    "SettingOption",
]


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


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SettingOption(HalResource):
    """A choice of a setting (vendor's OpenAPI; in no sample).

    Attributes:
        label: What the app shows.
        value: What is stored.
    """

    label: str | None = None
    value: str | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
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


@attrs.frozen(kw_only=True, eq=False, repr=False)
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


@attrs.frozen(kw_only=True, eq=False, repr=False)
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
