"""aiohttp as it is: a token in the session's headers, no refresh, no repeats, no checks."""

from __future__ import annotations

from typing import Any, ClassVar

import aiohttp
import orjson

from benchmarks.variants import ONE, PAGE, Variant

__all__ = ["AiohttpOrjson", "AiohttpRead", "session"]


def session() -> aiohttp.ClientSession:
    """Return a session with the token."""
    return aiohttp.ClientSession(headers={"Authorization": "Bearer bench-token", "Accept": "application/hal+json"})


class AiohttpRead(Variant):
    """aiohttp and ``read()``."""

    does: ClassVar[str] = "bytes"

    def __init__(self, url: str) -> None:
        self._http = session()
        self._one = f"{url}/api{ONE}"
        self._list = f"{url}/api{PAGE}"

    async def one(self) -> bytes:
        """GET one key."""
        return await self._get(self._one)

    async def page(self, size: int) -> int:
        """GET a page and count client IDs, so that the bytes are known to be there."""
        return (await self._get(f"{self._list}{size}")).count(b'"clientId"')

    async def _get(self, url: str) -> bytes:
        async with self._http.get(url) as response:
            response.raise_for_status()
            return await response.read()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


class AiohttpOrjson(AiohttpRead):
    """aiohttp, ``read()`` and orjson."""

    does: ClassVar[str] = "plain dicts"

    async def one(self) -> Any:
        """GET one key."""
        return orjson.loads(await self._get(self._one))

    async def page(self, size: int) -> int:
        """GET a page."""
        return len(orjson.loads(await self._get(f"{self._list}{size}"))["_embedded"]["apikeys"])
