"""Reading responses without holding the event loop up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from aiomatatika.decoding.json_text import LARGE
from aiomatatika.transport.message import Response

__all__ = ["read_off_the_loop"]

T = TypeVar("T")


async def read_off_the_loop(response: Response, read: Callable[[Response], T]) -> T:
    """Read a response; in a thread where its body is large, so that the loop goes on meanwhile."""
    if len(response.body) <= LARGE:
        return read(response)
    return await asyncio.to_thread(read, response)
