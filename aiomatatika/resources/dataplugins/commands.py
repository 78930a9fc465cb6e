"""What a datacomponent has of its dataplugin: the type and the commands."""

from __future__ import annotations

import attrs

from aiomatatika.enums import OpenEnum
from aiomatatika.hal import HalResource, JsonObject

__all__ = ["DatapluginCommand", "DatapluginType"]


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


@attrs.frozen(kw_only=True, eq=False, repr=False)
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
