"""The keyword arguments of `MatatikaSession`, for functions that pass them on."""

from __future__ import annotations

from typing import TypedDict

import aiohttp

from aiomatatika.auth.stores.protocol import TokenStore
from aiomatatika.deployment import Deployment
from aiomatatika.options import Retries, Timeouts

__all__ = ["SessionOptions"]


class SessionOptions(TypedDict, total=False):
    """What `MatatikaSession` takes beside the credentials."""

    deployment: Deployment
    http: aiohttp.ClientSession | None
    timeouts: Timeouts
    retries: Retries
    user_agent: str | None
    token_store: TokenStore | None
