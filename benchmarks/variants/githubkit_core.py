"""githubkit's core, without its GitHub schemas: httpx, pydantic, repeats and a throttle."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from githubkit.core import GitHubCore
from githubkit.response import Response

from benchmarks.payloads import key_id
from benchmarks.variants import Variant
from benchmarks.variants.models import Key, KeysPage

__all__ = ["GithubkitCore"]

T = TypeVar("T")


class GithubkitCore(Variant):
    """``GitHubCore`` with ``response_model``; its HTTP cache is off, so that every call is one."""

    does: ClassVar[str] = "pydantic models"

    def __init__(self, url: str) -> None:
        self._github: GitHubCore[Any] = GitHubCore("bench-token", base_url=f"{url}/api/", http_cache=False, timeout=60)

    async def open(self) -> None:
        """Enter it: its client is in a context variable, so that a task that enters does so for itself alone."""
        await self._github.__aenter__()  # type: ignore[no-untyped-call]  # theirs

    async def one(self) -> Key:
        """GET one key."""
        return await self._get(f"apikeys/{key_id(1)}", Key)

    async def page(self, size: int) -> int:
        """GET a page."""
        return len((await self._get(f"apikeys/?size={size}", KeysPage)).embedded.apikeys)

    async def _get(self, path: str, model: type[T]) -> T:
        response: Response[T, Any] = await self._github.arequest("GET", path, response_model=model)
        return response.parsed_data

    async def close(self) -> None:
        """Close the connections."""
        await self._github.__aexit__(None, None, None)
