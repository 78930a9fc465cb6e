"""Comments: replies, and what was edited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiomatatika.testing.context import Context, Handler
from aiomatatika.testing.documents import draft_of
from aiomatatika.testing.handlers.generic import rows_response, write
from aiomatatika.testing.responses import ServerResponse, hal_response

__all__ = ["HANDLERS"]


def _list(context: Context) -> ServerResponse:
    rows = context.tables["comments"].below(context.within())
    parent_id = context.request.query.get("parentId")
    return rows_response(
        context, [row for row in rows if parent_id is None or row.document.get("parentId") == parent_id]
    )


def _initialise_reply(context: Context) -> ServerResponse:
    parent = context.row()
    draft = context.tables["comments"].draft(None, dict(parent.parents))
    context.tables.reply_parents[draft.id] = parent.id
    return hal_response({"parentId": parent.id, **draft_of(draft, context.settings.root)})


def _put(context: Context) -> ServerResponse:
    members = context.members()
    parent_id = context.tables.reply_parents.get(context.ids["comment_id"])
    # Nobody knows whether the client or the server says what a reply replies to: both ways work.
    return write(context, members if parent_id is None else {"parentId": parent_id, **members})


def _history(context: Context) -> ServerResponse:
    comment = context.row()
    versions = [{"message": comment.document.get("message"), "lastModified": comment.document["lastModified"]}]
    return hal_response({"_embedded": {"datasetComments": versions}, "_links": {"self": {"href": context.url}}})


HANDLERS: Final[Mapping[str, Handler]] = {
    "comments.list": _list,
    "comments.initialise_reply": _initialise_reply,
    "comments.create": _put,
    "comments.history": _history,
}
