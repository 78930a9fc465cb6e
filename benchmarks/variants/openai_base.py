"""openai-python's base client, as its generated clients use it: models by construction, a page class, repeats."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from openai import AsyncClient, BaseModel
from openai._base_client import BaseAsyncPage, PageInfo
from pydantic import Field

from benchmarks.payloads import key_id
from benchmarks.variants import Variant

__all__ = ["OpenaiBase"]


class _Link(BaseModel):
    href: str


class _Key(BaseModel):
    id: UUID
    created: datetime
    last_modified: datetime = Field(alias="lastModified")
    name: str
    client_id: str = Field(alias="clientId")
    profile_id: str = Field(alias="profileId")
    links: dict[str, _Link] = Field(alias="_links")


class _Embedded(BaseModel):
    apikeys: list[_Key]


class _Page(BaseAsyncPage[_Key]):
    embedded: _Embedded = Field(alias="_embedded")
    links: dict[str, _Link] = Field(alias="_links")

    def _get_page_items(self) -> list[_Key]:
        return self.embedded.apikeys

    def next_page_info(self) -> PageInfo | None:
        """Return where the next page is."""
        following = self.links.get("next")
        return PageInfo(params=dict(parse_qsl(urlsplit(following.href).query))) if following else None


class OpenaiBase(Variant):
    """``AsyncClient.get`` and ``get_api_list``."""

    does: ClassVar[str] = "pydantic models, not validated"

    def __init__(self, url: str) -> None:
        self._client = AsyncClient(api_key="bench-token", base_url=f"{url}/api", timeout=60)

    async def one(self) -> _Key:
        """GET one key."""
        return await self._client.get(f"/apikeys/{key_id(1)}", cast_to=_Key)

    async def page(self, size: int) -> int:
        """GET a page."""
        pages: Any = self._client.get_api_list("/apikeys", model=_Key, page=_Page, options={"params": {"size": size}})
        return len((await pages).embedded.apikeys)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
