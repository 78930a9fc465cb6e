"""An exchange whose request has a body that is read while it is sent."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
import msgspec

from aiomatatika.transport.exchange import Attempt, exchange
from aiomatatika.transport.failure import NoResponse
from aiomatatika.transport.message import Response
from aiomatatika.transport.streamed_body import StreamedBody

__all__ = ["streamed_exchange"]


async def streamed_exchange(
    http: aiohttp.ClientSession, attempt: Attempt, body: StreamedBody, headers: Mapping[str, str]
) -> Response | NoResponse:
    """Send a request and read its response, as `exchange` does.

    Raises:
        OSError: A file of the body cannot be read.
        Exception: What the caller's iterator raised.
    """
    async with body.opened() as source:
        response = await exchange(http, msgspec.structs.replace(attempt, source=source), headers)
    failure, source.failure = source.failure, None
    if failure is None:
        return response
    try:
        raise failure
    finally:
        del failure  # its traceback holds this frame
