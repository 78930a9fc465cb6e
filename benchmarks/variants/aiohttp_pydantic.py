"""aiohttp and pydantic: what a careful user writes without a library."""

from __future__ import annotations

from typing import Any, ClassVar

from benchmarks.models.of_pydantic import model, page_model
from benchmarks.variants.aiohttp_bare import AiohttpRead

__all__ = ["AiohttpPydantic"]

Key, KeysPage = model("ApiKey"), page_model("ApiKey", "apikeys")


class AiohttpPydantic(AiohttpRead):
    """aiohttp, ``read()`` and pydantic's own JSON parser."""

    does: ClassVar[str] = "pydantic models"

    async def one(self) -> Any:
        """GET one key."""
        return Key.model_validate_json(await self._get(self._one))

    async def page(self, size: int) -> int:
        """GET a page."""
        return len(KeysPage.model_validate_json(await self._get(f"{self._list}{size}")).embedded.apikeys)
