"""The files of a workspace: one URL for the object and for the raw content; and its discovery.yml."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from aiomatatika.testing.bodies import members_of, valid_members
from aiomatatika.testing.context import Context, Handler
from aiomatatika.testing.error_responses import RefusedError
from aiomatatika.testing.handlers.generic import rows_response
from aiomatatika.testing.multipart import parts_of
from aiomatatika.testing.responses import ServerResponse
from aiomatatika.testing.rows import FileRow, Row

__all__ = ["HANDLERS"]

_HAL = "application/hal+json"
_GROUPS = ("extractors", "loaders", "transforms", "files")


def _get(context: Context) -> ServerResponse:
    row = context.row()
    assert isinstance(row, FileRow)
    if _HAL in context.request.headers.get("Accept", ""):
        return context.respond(row)
    media_type = str(row.document["contentType"])
    if not (media_type.isascii() and media_type.isprintable()):
        media_type = "application/octet-stream"  # it would break the head of the response
    return ServerResponse(200, {"Content-Type": media_type}, row.data)


def _put(context: Context) -> ServerResponse:
    members = valid_members(context.request, context.type, frozenset({_HAL}))
    data = str(members.pop("content", "")).encode("utf-8", "replace")
    row, is_new = _stored(context, context.ids["resource_path"], members, data)
    return context.respond(row, 201 if is_new else 200, written="created" if is_new else "updated")


def _publish(context: Context) -> ServerResponse:
    rows = [
        _stored(context, part.name, {"contentType": part.media_type}, part.data)[0]
        for part in parts_of(context.request)
    ]
    return rows_response(context, rows)


def _stored(context: Context, path: str, members: dict[str, Any], data: bytes) -> tuple[FileRow, bool]:
    parents = context.parents(but="resource_path")
    table = context.tables["resources"]
    row = table.find(path, parents)
    is_new = row is None
    if row is None:
        row = table.insert(path, parents)
        row.document.update(members)
    else:
        row.replace(members)
    row.data = data
    return row, is_new


# discovery.yml


def _discovery(context: Context) -> ServerResponse:
    plugins = [row for row in context.tables["dataplugins"] if context.parents().items() <= row.parents.items()]
    lines = ["version: 19"]
    for group in _GROUPS:
        members = [row.document for row in plugins if _group_of(row) == group]
        lines.append(f"{group}:" if members else f"{group}: []")
        for member in members:
            lines += [f"- name: {member.get('name')}", f"  variant: {member.get('variant')}"]
    return ServerResponse(200, {"Content-Type": "text/yaml"}, "\n".join([*lines, ""]).encode("utf-8", "replace"))


def _group_of(plugin: Row) -> str:
    return f"{str(plugin.document.get('pluginType', '')).lower().removesuffix('s')}s"


def _publish_discovery(context: Context) -> ServerResponse:
    parents = context.parents()
    plugins = _plugins_in(context.request.body.decode("utf-8", "replace"))
    rows: list[Row] = []
    for plugin in plugins:
        row = context.tables["dataplugins"].insert(None, parents)
        row.document.update(members_of(plugin, row.type))
        rows.append(row)
    return rows_response(context, rows, 201)


def _plugins_in(text: str) -> list[dict[str, str]]:
    """Read what this server needs of YAML: groups, their items, and the plain members of these."""
    if text.lstrip().startswith("{"):
        return _plugins_in_json(text)
    group = ""
    plugins: list[dict[str, str]] = []
    for line in text.splitlines():
        if match := re.fullmatch(r"(\w+):\s*(\[\])?\s*", line):
            group = match[1]
        elif group in _GROUPS and (match := re.fullmatch(r"\s*(- )?\s*(name|variant|namespace|label):\s*(.+)", line)):
            if match[1]:
                plugins.append({"pluginType": group.removesuffix("s").upper()})
            if plugins:
                plugins[-1][match[2]] = match[3].strip("\"' ")
    if "version:" not in text:
        raise RefusedError(400, "The discovery file cannot be read")
    return plugins


def _plugins_in_json(text: str) -> list[dict[str, str]]:
    try:
        document = json.loads(text)
        return [
            {"pluginType": group.removesuffix("s").upper(), **item}
            for group in _GROUPS
            for item in document.get(group, [])
        ]
    except (ValueError, TypeError, RecursionError):
        raise RefusedError(400, "The discovery file cannot be read") from None


HANDLERS: Final[Mapping[str, Handler]] = {
    "resources.get": _get,
    "resources.put": _put,
    "resources.publish": _publish,
    "dataplugins.view_discovery": _discovery,
    "dataplugins.view_workspace_discovery": _discovery,
    "dataplugins.publish_discovery": _publish_discovery,
}
