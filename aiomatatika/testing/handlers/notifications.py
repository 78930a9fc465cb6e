"""Notifications and news: by time, and read or unread."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from aiomatatika.testing.context import Context, Handler
from aiomatatika.testing.error_responses import RefusedError
from aiomatatika.testing.handlers.generic import rows_response
from aiomatatika.testing.handlers.search import search
from aiomatatika.testing.responses import ServerResponse
from aiomatatika.testing.rows import Row

__all__ = ["HANDLERS"]


def _list(context: Context) -> ServerResponse:
    return rows_response(context, _wanted(context, all_of_them=context.request.query.get("all") == "true"))


def _news(context: Context) -> ServerResponse:
    rows = _wanted(context, all_of_them=True)
    q = context.request.query.get("q")
    if q:
        datasets = {row.id for row in search(context, q)}
        rows = [row for row in rows if row.parents.get("dataset_id") in datasets]
    return rows_response(context, rows)


def _refresh(context: Context) -> ServerResponse:
    rows = _wanted(context, all_of_them=False)
    response = rows_response(context, rows)
    if context.request.query.get("markAsResolved") != "false":
        for row in rows:
            row.merge({"resolved": True})
    return response


def _wanted(context: Context, *, all_of_them: bool) -> list[Row]:
    since, before = (_moment(context, name) for name in ("since", "before"))
    return [
        row
        for row in context.tables["notifications"].below(context.within())
        if (all_of_them or not row.document["resolved"])
        and (since is None or _utc(row.document["created"]) >= since)
        and (before is None or _utc(row.document["created"]) < before)
    ]


def _moment(context: Context, name: str) -> datetime | None:
    text = context.request.query.get(name)
    try:
        return _utc(text) if text else None
    except ValueError:
        raise RefusedError(400, f"Failed to convert '{name}' with value: '{text}'") from None


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


HANDLERS: Final[Mapping[str, Handler]] = {
    "notifications.list": _list,
    "notifications.list_for_workspace": _list,
    "notifications.refresh": _refresh,
    "news.get": _news,
}
