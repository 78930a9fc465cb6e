"""What pipelines are made of: plugins that are supported everywhere, and the default datastore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiomatatika.testing.context import Context, Handler
from aiomatatika.testing.handlers.generic import rows_response
from aiomatatika.testing.responses import ServerResponse

__all__ = ["HANDLERS"]


def _list_supported(context: Context) -> ServerResponse:
    return rows_response(context, [row for row in context.tables["dataplugins"] if not row.parents])


def _make_default(context: Context) -> ServerResponse:
    datastore = context.row()
    context.tables.default_datastores[datastore.parents["workspace_id"]] = datastore.id
    return ServerResponse(200)


HANDLERS: Final[Mapping[str, Handler]] = {
    "dataplugins.list_supported": _list_supported,
    "datastores.make_default": _make_default,
}
