"""httpx and pydantic: what most generated clients are made of."""

from __future__ import annotations

from typing import ClassVar

import httpx

from benchmarks.payloads import key_id
from benchmarks.variants import Variant
from benchmarks.variants.models import Key, KeysPage

__all__ = ["LIMITS", "HttpxPydantic"]

# httpx's own figures, but that an idle connection is kept while others are measured: a thousand requests at once take
# its pool 20 s where no connection is open, and under 2 s where one is.
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=60)


class HttpxPydantic(Variant):
    """httpx and pydantic's own JSON parser."""

    does: ClassVar[str] = "pydantic models"

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"{url}/api",
            headers={"Authorization": "Bearer bench-token", "Accept": "application/hal+json"},
            timeout=60,
            limits=LIMITS,
        )

    async def one(self) -> Key:
        """GET one key."""
        return Key.model_validate_json(await self._get(f"/apikeys/{key_id(1)}"))

    async def page(self, size: int) -> int:
        """GET a page."""
        return len(KeysPage.model_validate_json(await self._get(f"/apikeys/?size={size}")).embedded.apikeys)

    async def _get(self, path: str) -> bytes:
        response = await self._http.get(path)
        response.raise_for_status()
        return response.content

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
