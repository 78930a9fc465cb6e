"""httpx, or its successor httpx2, and pydantic: what most generated clients are made of."""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar, Final

from benchmarks.models.of_pydantic import model, page_model
from benchmarks.variants import ONE, PAGE, Variant

__all__ = ["LIMITS", "Httpx2Pydantic", "HttpxPydantic"]

Key, KeysPage = model("ApiKey"), page_model("ApiKey", "apikeys")

# Both libraries' own figures, but that an idle connection is kept while others are measured: a thousand requests at
# once take httpx's pool 20 s where no connection is open, and under 2 s where one is.
LIMITS: Final = {"max_connections": 100, "max_keepalive_connections": 20, "keepalive_expiry": 60}


class HttpxPydantic(Variant):
    """httpx and pydantic's own JSON parser."""

    does: ClassVar[str] = "pydantic models"
    library: ClassVar[str] = "httpx"

    def __init__(self, url: str) -> None:
        library = import_module(self.library)
        self._http = library.AsyncClient(
            base_url=f"{url}/api",
            headers={"Authorization": "Bearer bench-token", "Accept": "application/hal+json"},
            timeout=60,
            limits=library.Limits(**LIMITS),
        )

    async def one(self) -> Any:
        """GET one key."""
        return Key.model_validate_json(await self._get(ONE))

    async def page(self, size: int) -> int:
        """GET a page."""
        return len(KeysPage.model_validate_json(await self._get(f"{PAGE}{size}")).embedded.apikeys)

    async def _get(self, path: str) -> bytes:
        response = await self._http.get(path)
        response.raise_for_status()
        content: bytes = response.content
        return content

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class Httpx2Pydantic(HttpxPydantic):
    """The same on httpx2."""

    library: ClassVar[str] = "httpx2"
