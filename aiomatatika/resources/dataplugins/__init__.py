"""Dataplugins: definitions of connectors ("Dataplugins" page of the API reference)."""

from aiomatatika.resources.dataplugins.group import Dataplugins
from aiomatatika.resources.dataplugins.models import (
    Dataplugin,
    DatapluginCapability,
    DatapluginCommand,
    DatapluginFields,
    DatapluginType,
    DatapluginVariant,
    Setting,
    SettingKind,
    SettingOption,
)

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
