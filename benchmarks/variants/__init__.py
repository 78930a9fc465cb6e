"""What is measured: one file for each way to call the API, all with the same two calls.

They are given what they need to be fast (a session that is kept, no logging, as many connections), and no more than a
user would write. All ask for API keys.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib import import_module
from typing import ClassVar, Final

from benchmarks.documents import key_id
from benchmarks.kinds import ODD

__all__ = ["ALL", "DICTS", "MODELS", "ONE", "OURS", "PAGE", "PEERS", "QUICK", "Variant", "load"]

OURS: Final = "this library"
DICTS: Final = "aiohttp + orjson"
MODELS: Final = "aiohttp + pydantic"
ONE: Final = f"/apikeys/{key_id(ODD)}"
PAGE: Final = "/apikeys?size="

_MODULES: Final = {
    "raw asyncio streams": "streams:Streams",
    "aiohttp + read()": "aiohttp_bare:AiohttpRead",
    DICTS: "aiohttp_bare:AiohttpOrjson",
    OURS: "ours:Ours",
    "aiohttp + msgspec": "aiohttp_msgspec:AiohttpMsgspec",
    "aiohttp + orjson + cattrs": "aiohttp_cattrs:AiohttpCattrs",
    MODELS: "aiohttp_pydantic:AiohttpPydantic",
    "httpx + pydantic": "httpx_pydantic:HttpxPydantic",
    "httpx2 + pydantic": "httpx_pydantic:Httpx2Pydantic",
    "pyreqwest + pydantic": "pyreqwest_pydantic:PyreqwestPydantic",
    "authlib AsyncOAuth2Client": "authlib_client:AuthlibClient",
    "githubkit core + pydantic": "githubkit_core:GithubkitCore",
    "openai base client + page class": "openai_base:OpenaiBase",
    "requests in threads": "requests_threads:RequestsThreads",
}
ALL: Final = tuple(_MODULES)
QUICK: Final = (DICTS, OURS, MODELS)
PEERS: Final = tuple(name for name in ALL if name not in QUICK)


class Variant(ABC):
    """A way to call the API. It is made in a running loop, with the server's URL.

    Attributes:
        does: What a call brings, in a few words.
    """

    does: ClassVar[str]

    @abstractmethod
    def __init__(self, url: str) -> None: ...

    async def open(self) -> None:  # noqa: B027  # most need nothing
        """Do what has to be awaited before the first call."""

    @abstractmethod
    async def one(self) -> object:
        """GET one key."""

    @abstractmethod
    async def page(self, size: int) -> int:
        """GET a page; return how many keys it has."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connections."""


def load(name: str) -> type[Variant]:
    """Import a variant: late, so that what measures memory and imports is not burdened with the others."""
    module, _, attribute = _MODULES[name].partition(":")
    variant: type[Variant] = getattr(import_module(f"{__name__}.{module}"), attribute)
    return variant
