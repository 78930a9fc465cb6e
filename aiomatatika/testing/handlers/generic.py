"""What is done alike for all resources: list, get, initialise, put, delete."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, TypeVar

from aiomatatika.testing.context import Context, Handler, not_found
from aiomatatika.testing.documents import draft_of
from aiomatatika.testing.paging import Listing, page_of
from aiomatatika.testing.resource_types import BY_VARIABLE
from aiomatatika.testing.responses import ServerResponse, hal_response
from aiomatatika.testing.rows import ProvisionedRow, Row

__all__ = ["BY_KIND", "delete", "get", "initialise", "list_rows", "listed", "put", "rows_response", "write"]

T = TypeVar("T")


def rows_response(
    context: Context, rows: Collection[Row], status: int = 200, shown: Callable[[Row], dict[str, Any]] | None = None
) -> ServerResponse:
    """Return a list of resources: the page that the query asks for, where the operation has pages.

    Args:
        context: The request.
        rows: All of them.
        status: The status.
        shown: Returns a resource as the API sends it; by default `Context.shown`.
    """
    return listed(context, rows, (Row.get, shown or context.shown), status)


def listed(
    context: Context,
    items: Collection[T],
    reading: tuple[Callable[[T, str], object], Callable[[T], dict[str, Any]]],
    status: int = 200,
) -> ServerResponse:
    """Return a list of anything.

    Args:
        context: The request.
        items: All items.
        reading: Returns a property of an item to sort by; returns an item as the API sends it.
        status: The status.
    """
    operation = context.operation
    if not items and 204 in context.statuses:
        return ServerResponse(204)
    value, shown = reading
    request, is_pageable = context.request, operation.paged or operation.pageable
    query: Mapping[str, str] = request.query if is_pageable else {}
    page = page_of(
        request.parameters if is_pageable else [],
        Listing(
            items=items,
            url=context.url,
            size=context.settings.page_size if operation.paged else max(len(items), 1),
            value=value,
            title=operation.response,
            filters={name: query[name] for name in operation.query if name in query},
        ),
    )
    document: dict[str, Any] = {}
    if page.items:
        document["_embedded"] = {operation.embedded_key: [shown(item) for item in page.items]}
    document["_links"] = page.links
    if operation.paged:
        document["page"] = page.numbers
    elif not query.keys() & {"page", "size"}:
        document["_links"] = {"self": {"href": context.url}}
    return hal_response(document, status)


def list_rows(context: Context) -> ServerResponse:
    """List the resources below the path."""
    return rows_response(context, context.tables[context.type.table].below(context.within()))


def get(context: Context) -> ServerResponse:
    """Return the resource that the path names."""
    row = context.row()
    if not context.within(but=context.subject).items() <= row.parents.items():
        raise not_found(row.type, row.id)
    return context.respond(row)


def initialise(context: Context) -> ServerResponse:
    """Return a draft. Nothing is stored."""
    draft = context.tables[context.type.table].draft(None, context.parents())
    return hal_response(draft_of(draft, context.settings.root))


def put(context: Context) -> ServerResponse:
    """Create the resource that the path names, or replace what a client can set of it."""
    return write(context, context.members())


def write(context: Context, members: Mapping[str, Any], status: str = "PROVISIONING") -> ServerResponse:
    """Create the resource that the path names, or replace what a client can set of it, by these members.

    Args:
        context: The request.
        members: What the client has set.
        status: What becomes of a resource that has to be provisioned.
    """
    parents = context.parents(but=context.subject)
    id = context.ids[context.subject]
    table = context.tables[context.type.table]
    row = table.find(id, context.ids)
    is_new = row is None
    if row is None:
        if 201 not in context.statuses:
            raise not_found(context.type, id)
        row = table.insert(id, parents)
        row.document.update(members)
    elif context.within(but=context.subject).items() <= row.parents.items():
        row.replace(members)
    else:
        raise not_found(row.type, id)
    if isinstance(row, ProvisionedRow):
        row.provision(status)
    created = is_new or 200 not in context.statuses
    return context.respond(row, 201 if created else 200, written="created" if is_new else "updated")


def delete(context: Context) -> ServerResponse:
    """Delete the resource that the path names, and all below it."""
    context.tables[BY_VARIABLE[context.subject].table].delete(context.row())
    return ServerResponse(204)


BY_KIND: Final[Mapping[str, Handler]] = {
    "list": list_rows,
    "get": get,
    "initialise": initialise,
    "put": put,
    "delete": delete,
}
