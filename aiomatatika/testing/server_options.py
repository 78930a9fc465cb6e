"""The keyword arguments of `MatatikaServer`, for functions that pass them on."""

from __future__ import annotations

from typing import TypedDict

from aiomatatika.credentials import ClientCredentials
from aiomatatika.transport.clock import Clock

__all__ = ["ServerOptions"]


class ServerOptions(TypedDict, total=False):
    """What `MatatikaServer` takes."""

    host: str
    port: int
    clock: Clock | None
    credentials: ClientCredentials | None
    page_size: int
    token_lifetime: float
    new_key_delay: float
    alias_host: str | None
