"""Which code an operation has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiomatatika.testing.context import Handler
from aiomatatika.testing.error_responses import RefusedError
from aiomatatika.testing.handlers import (
    accounts,
    apikeys,
    channels,
    comments,
    datacomponents,
    datasets,
    files,
    generic,
    jobs,
    likes,
    notifications,
    pipelines,
    profiles,
    search,
    subscriptions,
    workspaces,
)
from aiomatatika.testing.operation import Operation

__all__ = ["handler_of"]

_OWN: Final[Mapping[str, Handler]] = {
    id: handler
    for module in (
        accounts,
        apikeys,
        channels,
        comments,
        datacomponents,
        datasets,
        files,
        jobs,
        likes,
        notifications,
        pipelines,
        profiles,
        search,
        subscriptions,
        workspaces,
    )
    for id, handler in module.HANDLERS.items()
}


def handler_of(operation: Operation) -> Handler:
    """Return the code of an operation: its own, or that of its kind.

    Raises:
        RefusedError: It has none: 501.
    """
    handler = _OWN.get(operation.id) or generic.BY_KIND.get(operation.kind)
    if handler is None:
        raise RefusedError(501, f"{operation.id} is not in this server yet")
    return handler
