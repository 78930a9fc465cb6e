"""authlib's OAuth client on httpx: it sees to the token, and hands out plain dicts."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import httpx
from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]  # it has no types

from benchmarks.variants import ONE, PAGE, Variant
from benchmarks.variants.httpx_pydantic import LIMITS

__all__ = ["AuthlibClient"]


class AuthlibClient(Variant):
    """``AsyncOAuth2Client`` with a token that is good for a day."""

    does: ClassVar[str] = "plain dicts"

    def __init__(self, url: str) -> None:
        token = {"access_token": "bench-token", "token_type": "Bearer", "expires_at": time.time() + 86_400}
        self._http = AsyncOAuth2Client(
            client_id="bench",
            token=token,
            token_endpoint=f"{url}/oauth/token",
            base_url=f"{url}/api",
            timeout=60,
            limits=httpx.Limits(**LIMITS),
        )

    async def one(self) -> Any:
        """GET one key."""
        return await self._get(ONE)

    async def page(self, size: int) -> int:
        """GET a page."""
        return len((await self._get(f"{PAGE}{size}"))["_embedded"]["apikeys"])

    async def _get(self, path: str) -> Any:
        response = await self._http.get(path)
        response.raise_for_status()
        return response.json()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
