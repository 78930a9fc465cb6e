"""aiohttp and pydantic: what a careful user writes without a library."""

from __future__ import annotations

from typing import ClassVar

from benchmarks.variants.aiohttp_bare import AiohttpRead
from benchmarks.variants.models import Key, KeysPage

__all__ = ["AiohttpPydantic"]


class AiohttpPydantic(AiohttpRead):
    """aiohttp, ``read()`` and pydantic's own JSON parser."""

    does: ClassVar[str] = "pydantic models"

    async def one(self) -> Key:  # type: ignore[override]  # typed, that is the point
        """GET one key."""
        return Key.model_validate_json(await self._get(self._one))

    async def page(self, size: int) -> int:
        """GET a page."""
        return len(KeysPage.model_validate_json(await self._get(f"{self._list}{size}")).embedded.apikeys)
