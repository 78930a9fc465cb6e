"""githubkit's core, without its GitHub schemas: httpx, pydantic, repeats and a throttle."""

from __future__ import annotations

from typing import Any, ClassVar

from githubkit.core import GitHubCore
from githubkit.response import Response

from benchmarks.models.of_pydantic import model, page_model
from benchmarks.variants import ONE, PAGE, Variant

__all__ = ["GithubkitCore"]

Key, KeysPage = model("ApiKey"), page_model("ApiKey", "apikeys")


class GithubkitCore(Variant):
    """``GitHubCore`` with ``response_model``; its HTTP cache is off, so that every call is one."""

    does: ClassVar[str] = "pydantic models"

    def __init__(self, url: str) -> None:
        self._github: GitHubCore[Any] = GitHubCore("bench-token", base_url=f"{url}/api/", http_cache=False, timeout=60)

    async def open(self) -> None:
        """Enter it: its client is in a context variable, so that a task that enters does so for itself alone."""
        await self._github.__aenter__()  # type: ignore[no-untyped-call]  # theirs

    async def one(self) -> Any:
        """GET one key."""
        return await self._get(ONE.lstrip("/"), Key)

    async def page(self, size: int) -> int:
        """GET a page."""
        return len((await self._get(f"{PAGE}{size}".lstrip("/"), KeysPage)).embedded.apikeys)

    async def _get(self, path: str, cls: Any) -> Any:
        response: Response[Any, Any] = await self._github.arequest("GET", path, response_model=cls)
        return response.parsed_data

    async def close(self) -> None:
        """Close the connections."""
        await self._github.__aexit__(None, None, None)
