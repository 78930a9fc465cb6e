"""Search: words, channels and tags in one query; Elasticsearch's own multi-search; the feed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from aiomatatika.testing.context import Context, Handler
from aiomatatika.testing.error_responses import RefusedError
from aiomatatika.testing.handlers.generic import rows_response
from aiomatatika.testing.responses import ServerResponse, json_response
from aiomatatika.testing.rows import Row

__all__ = ["HANDLERS", "search"]

_TERM = re.compile(r'(?:(in|tag):)?(?:"([^"]*)"|(\S+))')
_SEARCHED = ("title", "description", "questions", "alias", "source")
_DEEPEST: Final = 100


def search(context: Context, q: str) -> list[Row]:
    """Return the datasets that a query finds: ``words in:{channel} tag:{tag}``, every term of which has to match."""
    terms = [(match[1], match[2] or match[3] or "") for match in _TERM.finditer(q)]
    rows = context.tables["datasets"].below(context.within())
    return [row for row in rows if all(_matches(context, row, term) for term in terms)]


def _matches(context: Context, row: Row, term: tuple[str, str]) -> bool:
    kind, text = term
    if kind == "in":
        names = [row.document.get("source"), *row.related]
        names += [channel.document.get("name") for channel in context.tables["channels"] if channel.id in names]
        return text in names
    return (f"#{text}" if kind == "tag" else text).lower() in _text_of(row)


def _text_of(row: Row) -> str:
    return "\n".join(str(row.document.get(name, "")) for name in _SEARCHED).lower()


def _search(context: Context) -> ServerResponse:
    return rows_response(context, search(context, context.request.query.get("q", "")))


def _feed(context: Context) -> ServerResponse:
    return rows_response(context, context.tables["datasets"].below(context.within())[::-1])


def _msearch(context: Context) -> ServerResponse:
    rows = context.tables["datasets"].below(context.within())
    responses = [_hits(rows, query) for query in _queries(context.request.body)]
    return json_response({"took": 1, "responses": responses}) if rows else ServerResponse(204)


def _queries(body: bytes) -> list[dict[str, Any]]:
    """Return every second line: each follows a header line."""
    try:
        lines = [json.loads(line) for line in body.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        raise RefusedError(400, "The lines cannot be read as JSON") from None
    if not lines or len(lines) % 2 or not all(isinstance(line, dict) for line in lines):
        raise RefusedError(400, "The lines have to be pairs of JSON objects: a header and a query")
    return cast("list[dict[str, Any]]", lines[1::2])


def _hits(rows: Sequence[Row], query: dict[str, Any]) -> dict[str, Any]:
    words = _words(query.get("query"))
    found = [row for row in rows if all(word.lower() in _text_of(row) for word in words)]
    hits = [{"_index": "datasets", "_id": row.id, "_score": 1.0, "_source": row.document} for row in found]
    numbers = {"total": {"value": len(found), "relation": "eq"}, "max_score": 1.0 if found else None}
    return {"took": 1, "timed_out": False, "hits": {**numbers, "hits": hits}, "status": 200}


def _words(query: object, depth: int = 0) -> list[str]:
    """Return what a query looks for, whatever its form: its texts, but for the names of fields to search in.

    Raises:
        RefusedError: It is nested too deeply.
    """
    if depth > _DEEPEST:
        raise RefusedError(400, "The query is nested too deeply")
    match query:
        case str():
            return query.split()
        case dict():
            members = cast("dict[str, object]", query)
            return [word for name, value in members.items() if name != "fields" for word in _words(value, depth + 1)]
        case list():
            return [word for value in cast("list[object]", query) for word in _words(value, depth + 1)]
        case _:
            return []


HANDLERS: Final[Mapping[str, Handler]] = {
    "search.datasets": _search,
    "search.msearch": _msearch,
    "feed.get": _feed,
}
