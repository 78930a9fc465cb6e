"""What can be liked: datasets and comments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiomatatika.testing.context import Context, Handler
from aiomatatika.testing.handlers.generic import rows_response
from aiomatatika.testing.responses import ServerResponse
from aiomatatika.testing.rows import Row

__all__ = ["HANDLERS"]


def _like(context: Context) -> ServerResponse:
    _set_likes(context.row(), [*_likes_of_others(context, context.row()), context.tables.owner.member])
    return ServerResponse(200)


def _unlike(context: Context) -> ServerResponse:
    _set_likes(context.row(), _likes_of_others(context, context.row()))
    return ServerResponse(204)


def _list_liked(context: Context) -> ServerResponse:
    rows = context.tables["datasets"].below(context.within())
    return rows_response(context, [row for row in rows if _is_liked(context, row)])


def _is_liked(context: Context, row: Row) -> bool:
    return any(member["id"] == context.tables.owner.id for member in row.document["likedByProfiles"])


def _likes_of_others(context: Context, row: Row) -> list[dict[str, str]]:
    return [member for member in row.document["likedByProfiles"] if member["id"] != context.tables.owner.id]


def _set_likes(row: Row, members: list[dict[str, str]]) -> None:
    row.document.update(likedByProfiles=members, likeCount=len(members))


HANDLERS: Final[Mapping[str, Handler]] = {
    "comments.like": _like,
    "comments.unlike": _unlike,
    "datasets.like": _like,
    "datasets.unlike": _unlike,
    "datasets.list_liked": _list_liked,
}
