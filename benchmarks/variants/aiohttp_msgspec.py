"""aiohttp and msgspec: the fastest way to typed objects without a library."""

from __future__ import annotations

from typing import Any, ClassVar

from benchmarks.models.of_msgspec import page_reader, reader
from benchmarks.variants.aiohttp_bare import AiohttpRead

__all__ = ["AiohttpMsgspec"]


class AiohttpMsgspec(AiohttpRead):
    """aiohttp, ``read()`` and structs that msgspec decodes into."""

    does: ClassVar[str] = "msgspec structs"

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._read_one, self._read_page = reader("ApiKey"), page_reader("ApiKey", "apikeys")

    async def one(self) -> Any:
        """GET one key."""
        return self._read_one(await self._get(self._one))

    async def page(self, size: int) -> int:
        """GET a page."""
        return len(self._read_page(await self._get(f"{self._list}{size}")))
