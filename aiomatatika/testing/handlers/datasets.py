"""Datasets: published, found, edited, viewed; their data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Final

from aiomatatika.testing.bodies import json_object, members_of
from aiomatatika.testing.context import Context, Handler, not_found
from aiomatatika.testing.dataset_data import csv_pieces, json_pieces
from aiomatatika.testing.error_responses import RefusedError
from aiomatatika.testing.resource_types import BY_NAME
from aiomatatika.testing.responses import ServerResponse, accepted_type
from aiomatatika.testing.routing import checked_uuid
from aiomatatika.testing.rows import DataRow

__all__ = ["HANDLERS"]

_TYPE = BY_NAME["Dataset"]
_PIECES: Final[dict[str, Callable[[Iterable[DataRow]], Iterator[bytes]]]] = {
    "application/json": json_pieces,
    "text/csv": csv_pieces,
}


def _publish(context: Context) -> ServerResponse:
    document = json_object(context.request, _TYPE)
    members = members_of(document, _TYPE)
    parents = context.parents()
    table = context.tables["datasets"]
    id = checked_uuid(str(document["id"])) if document.get("id") else None
    row = table.find(id, {}) if id else None
    if row is None and members.get("alias"):
        row = next((each for each in table.below(parents) if each.document.get("alias") == members["alias"]), None)
    if row is None:
        row = table.insert(id, parents)
        row.document.update(members)
        return context.respond(row, 201)
    row.replace(members)
    return context.respond(row)


def _find(context: Context) -> ServerResponse:
    wanted = context.ids["dataset_id_or_alias"]
    workspace = context.row("workspace_id")
    for row in context.tables["datasets"].below({"workspace_id": workspace.id}):
        if wanted in (row.id, row.document.get("alias")):  # no set: an alias may be any JSON
            return context.respond(row)
    raise not_found(_TYPE, wanted)


def _edit(context: Context) -> ServerResponse:
    row = context.row()
    row.merge(members_of(json_object(context.request, _TYPE), _TYPE))
    return context.respond(row)


def _record_view(context: Context) -> ServerResponse:
    context.row().document["viewCount"] += 1
    return ServerResponse(200)


def _data(context: Context) -> ServerResponse:
    row = context.tables["datasets"][context.row().id]
    media_type = accepted_type(context.request.headers.get("Accept", ""), tuple(_PIECES))
    if media_type is None:
        raise RefusedError(406, "Could not find acceptable representation")
    rows = iter(row.rows() if callable(row.rows) else row.rows)
    first = next(rows, None)
    if first is None:
        return ServerResponse(204)
    pieces = _PIECES[media_type](chain([first], rows))
    headers = {"Content-Type": media_type}
    return ServerResponse(200, headers, _sent_as_made(pieces) if callable(row.rows) else b"".join(pieces))


async def _sent_as_made(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


HANDLERS: Final[Mapping[str, Handler]] = {
    "datasets.publish": _publish,
    "datasets.get_in_workspace": _find,
    "datasets.edit": _edit,
    "datasets.record_view": _record_view,
    "datasets.get_data": _data,
}
