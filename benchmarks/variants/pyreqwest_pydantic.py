"""pyreqwest, an HTTP client written in Rust, and pydantic."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from pyreqwest.client import ClientBuilder

from benchmarks.models.of_pydantic import model, page_model
from benchmarks.variants import ONE, PAGE, Variant

__all__ = ["PyreqwestPydantic"]

Key, KeysPage = model("ApiKey"), page_model("ApiKey", "apikeys")


class PyreqwestPydantic(Variant):
    """pyreqwest's client and pydantic's own JSON parser."""

    does: ClassVar[str] = "pydantic models"

    def __init__(self, url: str) -> None:
        headers = {"Authorization": "Bearer bench-token", "Accept": "application/hal+json"}
        builder = ClientBuilder().default_headers(headers).timeout(timedelta(seconds=60)).max_connections(100)
        self._client = builder.error_for_status().build()
        self._root = f"{url}/api"

    async def one(self) -> Any:
        """GET one key."""
        return Key.model_validate_json(await self._get(ONE))

    async def page(self, size: int) -> int:
        """GET a page."""
        return len(KeysPage.model_validate_json(await self._get(f"{PAGE}{size}")).embedded.apikeys)

    async def _get(self, path: str) -> bytes:
        response = await self._client.get(self._root + path).build().send()
        return (await response.bytes()).to_bytes()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
