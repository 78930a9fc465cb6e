"""aiohttp, orjson and cattrs: attrs classes without a library."""

from __future__ import annotations

from typing import Any, ClassVar

from benchmarks.models.of_cattrs import page_reader, reader
from benchmarks.variants.aiohttp_bare import AiohttpRead

__all__ = ["AiohttpCattrs"]


class AiohttpCattrs(AiohttpRead):
    """aiohttp, ``read()``, orjson and a tuned converter."""

    does: ClassVar[str] = "attrs classes, scalars not checked"

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._read_one, self._read_page = reader("ApiKey"), page_reader("ApiKey", "apikeys")

    async def one(self) -> Any:
        """GET one key."""
        return self._read_one(await self._get(self._one))

    async def page(self, size: int) -> int:
        """GET a page."""
        return len(self._read_page(await self._get(f"{self._list}{size}")))
