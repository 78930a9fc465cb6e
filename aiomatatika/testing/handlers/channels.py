"""Channels: their filters, what they list, and who sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aiomatatika.testing.context import Context, Handler, not_found
from aiomatatika.testing.error_responses import RefusedError
from aiomatatika.testing.handlers.generic import rows_response
from aiomatatika.testing.resource_types import BY_NAME
from aiomatatika.testing.responses import ServerResponse
from aiomatatika.testing.rows import Row

__all__ = ["HANDLERS"]


def _list(context: Context) -> ServerResponse:
    query = context.request.query
    rows = context.tables["channels"].below(context.within())
    for name in ("type", "source"):
        if name in query:
            rows = [row for row in rows if str(row.document.get(name, "")).lower() == query[name].lower()]
    dataset_id = query.get("containsDataset")
    dataset = context.tables["datasets"].find(dataset_id, {}) if dataset_id else None

    def shown(row: Row) -> dict[str, Any]:
        return {"containsDataset": dataset is not None and _lists(row, dataset), **context.shown(row)}

    return rows_response(context, rows, shown=shown)


def _lists(channel: Row, dataset: Row) -> bool:
    return channel.id in dataset.related or dataset.document.get("source") in (channel.id, channel.document.get("name"))


def _list_datasets(context: Context) -> ServerResponse:
    channel = context.row("channel_id")
    return rows_response(context, [row for row in context.tables["datasets"] if _lists(channel, row)])


def _add_dataset(context: Context) -> ServerResponse:
    channel, dataset = context.row("channel_id"), context.row("dataset_id")
    if channel.document.get("type") != "LIST":
        raise RefusedError(400, "Only a channel of type LIST takes datasets")
    dataset.related[channel.id] = None
    return ServerResponse(201)


def _remove_dataset(context: Context) -> ServerResponse:
    channel, dataset = context.row("channel_id"), context.row("dataset_id")
    if channel.id not in dataset.related:
        raise not_found(BY_NAME["Dataset"], dataset.id)
    del dataset.related[channel.id]
    return ServerResponse(204)


def _scoped(scope: str) -> Handler:
    def set_scope(context: Context) -> ServerResponse:
        channel = context.row()
        channel.merge({"scope": scope})
        return context.respond(channel)

    return set_scope


HANDLERS: Final[Mapping[str, Handler]] = {
    "channels.list": _list,
    "channels.add_dataset": _add_dataset,
    "channels.remove_dataset": _remove_dataset,
    "channels.add_workspace_scope": _scoped("WORKSPACE"),
    "channels.withdraw_workspace_scope": _scoped("PROFILE"),
    "datasets.list_by_channel": _list_datasets,
}
