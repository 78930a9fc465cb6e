"""Waiting until the server has applied a change: it goes on working after its response."""

from __future__ import annotations

from typing import Any, TypeVar

from aiomatatika.transport.client import Client
from aiomatatika.transport.message import Request
from aiomatatika.waiting.changes import Changes, Progress
from aiomatatika.waiting.polling import seconds

__all__ = ["provisioned"]

T = TypeVar("T")

_PROVISIONING = "PROVISIONING"


async def provisioned(client: Client, request: Request, cls: type[T], within: float | None) -> T:
    """Return a resource when its ``status`` is another than ``PROVISIONING``.

    Args:
        client: Sends the GETs.
        request: The GET of the resource.
        cls: Its class.
        within: Seconds to wait, at most; None: as long as it takes.

    Raises:
        PendingError: It is still ``PROVISIONING``.
        MatatikaError: What no waiting mends, such as a 404.
    """
    progress = Progress[Any](
        read=lambda response: response.structured(cls),
        state=lambda found: found.status,
        has_ended=lambda found: found.status != _PROVISIONING,
    )
    found: T = await Changes(client, request, progress, seconds(within)).last()
    return found
