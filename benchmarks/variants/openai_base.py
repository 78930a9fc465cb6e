"""openai-python's base client, as its generated clients use it: models by construction, a page class, repeats."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from openai import AsyncClient, BaseModel
from openai._base_client import BaseAsyncPage, PageInfo

from benchmarks.models.of_pydantic import model, page_model
from benchmarks.variants import ONE, PAGE, Variant

__all__ = ["OpenaiBase"]


Key = model("ApiKey", BaseModel)


class _Page(page_model("ApiKey", "apikeys", BaseModel), BaseAsyncPage[Any]):  # type: ignore[misc]  # made at run time
    def _get_page_items(self) -> list[Any]:
        items: list[Any] = self.embedded.apikeys
        return items

    def next_page_info(self) -> PageInfo | None:
        """Return where the next page is."""
        following = self.links.get("next")
        return PageInfo(params=dict(parse_qsl(urlsplit(following.href).query))) if following else None


class OpenaiBase(Variant):
    """``AsyncClient.get`` and ``get_api_list``."""

    does: ClassVar[str] = "pydantic models, not validated"

    def __init__(self, url: str) -> None:
        self._client = AsyncClient(api_key="bench-token", base_url=f"{url}/api", timeout=60)

    async def one(self) -> Any:
        """GET one key."""
        return await self._client.get(ONE, cast_to=Key)

    async def page(self, size: int) -> int:
        """GET a page."""
        pages: Any = self._client.get_api_list(f"{PAGE}{size}", model=Key, page=_Page)
        return len((await pages).embedded.apikeys)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
