"""requests in threads: the shape of the vendor's own SDK, made awaitable."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import requests
from requests.adapters import HTTPAdapter

from benchmarks.variants import ONE, PAGE, Variant

__all__ = ["RequestsThreads"]

_THREADS = 32


class RequestsThreads(Variant):
    """One ``requests.Session`` for 32 threads, and plain dicts."""

    does: ClassVar[str] = "plain dicts"

    def __init__(self, url: str) -> None:
        self._url = f"{url}/api"
        self._http = requests.Session()
        self._http.headers["Authorization"] = "Bearer bench-token"
        self._http.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=_THREADS))
        self._threads = ThreadPoolExecutor(_THREADS)

    async def one(self) -> Any:
        """GET one key."""
        return await self._get(ONE)

    async def page(self, size: int) -> int:
        """GET a page."""
        return len((await self._get(f"{PAGE}{size}"))["_embedded"]["apikeys"])

    async def _get(self, path: str) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._blocking, path)

    def _blocking(self, path: str) -> Any:
        response = self._http.get(self._url + path, timeout=60)
        response.raise_for_status()
        return response.json()

    async def close(self) -> None:
        """Close the connections and end the threads."""
        self._http.close()
        self._threads.shutdown()
