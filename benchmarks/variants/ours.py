"""This library, as its README shows it."""

from __future__ import annotations

from typing import ClassVar

from aiomatatika import ApiKey, BearerToken, Deployment, MatatikaSession
from benchmarks.documents import key_id
from benchmarks.kinds import ODD
from benchmarks.variants import Variant

__all__ = ["ALIAS", "Ours"]

ALIAS = ("app.matatika.com",)  # the links of the payloads name the API so, as the real one's do
_KEY = key_id(ODD)


class Ours(Variant):
    """Typed, checked, repeated, refreshed."""

    does: ClassVar[str] = "attrs classes"

    def __init__(self, url: str) -> None:
        deployment = Deployment(f"{url}/api", alias_hosts=ALIAS)
        self._session = MatatikaSession(BearerToken("bench-token"), deployment=deployment)

    async def one(self) -> ApiKey:
        """GET one key."""
        return await self._session.apikeys.get(_KEY)

    async def page(self, size: int) -> int:
        """GET a page."""
        return len(await self._session.apikeys.list(size=size).collect())

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
