"""Subscriptions, which are made below what they are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiomatatika.testing.bodies import valid_members
from aiomatatika.testing.context import Context, Handler
from aiomatatika.testing.responses import ServerResponse

__all__ = ["HANDLERS"]


def _subscribe(context: Context) -> ServerResponse:
    members = valid_members(context.request, context.type) if context.request.body else {}
    subscription = context.tables["subscriptions"].insert(None, context.parents())
    subscription.document.update(members)
    return context.respond(subscription, written="created")


HANDLERS: Final[Mapping[str, Handler]] = {
    f"subscriptions.subscribe_{subject}": _subscribe for subject in ("workspace", "channel", "dataset", "pipeline")
}
