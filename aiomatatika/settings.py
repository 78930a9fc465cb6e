"""The settings of a session: their types, and what is checked before anything is sent."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from typing import Final, TypedDict

import aiohttp

from aiomatatika._version import __version__
from aiomatatika.auth.stores.protocol import TokenStore
from aiomatatika.credentials import Credentials
from aiomatatika.deployment import Deployment
from aiomatatika.errors import ConfigurationError
from aiomatatika.options import Retries, Timeouts

__all__ = ["SessionOptions", "SessionOverrides", "check_kinds", "user_agent_header"]

_USER_AGENT = re.compile(r"[!-~]+(?: [!-~]+)*", re.ASCII)
_KINDS: Final[Mapping[str, tuple[type, str]]] = {
    "deployment": (Deployment, "a Deployment"),
    "http": (aiohttp.ClientSession, "an aiohttp.ClientSession"),
    "timeouts": (Timeouts, "Timeouts"),
    "retries": (Retries, "Retries"),
}


class SessionOptions(TypedDict, total=False):
    """What `MatatikaSession` takes beside the credentials, for functions that pass it on."""

    deployment: Deployment
    http: aiohttp.ClientSession | None
    timeouts: Timeouts
    retries: Retries
    user_agent: str | None
    token_store: TokenStore | None


class SessionOverrides(SessionOptions, total=False):
    """What `MatatikaSession.from_env` takes."""

    credentials: Credentials


def check_kinds(**arguments: object) -> None:
    """Raise a `ConfigurationError` that names the first argument of the wrong class."""
    for name, value in arguments.items():
        kind, wanted = _KINDS[name]
        if not isinstance(value, kind):
            raise ConfigurationError(f"{name} must be {wanted}, not {type(value).__name__}")


def user_agent_header(own: str | None) -> str:
    """Return the User-Agent header: the caller's product, if there is one, before ours."""
    if own is not None and (not isinstance(own, str) or not _USER_AGENT.fullmatch(own)):
        raise ConfigurationError("user_agent must be visible ASCII characters and single spaces")
    ours = f"aiomatatika/{__version__} aiohttp/{aiohttp.__version__} Python/{platform.python_version()}"
    return f"{own} {ours}" if own else ours
