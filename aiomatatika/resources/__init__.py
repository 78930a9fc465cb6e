"""The resource groups: one file for each page of the API reference, its classes and its calls side by side."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiomatatika.resources.apikeys import ApiKeys
    from aiomatatika.resources.profiles import Profiles
    from aiomatatika.transport.client import Client

__all__ = ["Groups"]


def _late(name: str, class_name: str) -> Any:
    """Return a property that imports a group, and makes it, when it is first asked for.

    Importing 24 of them takes longer than importing aiohttp, and few programs use more than five.
    """

    def group(self: Groups) -> Any:
        if name not in self._groups:
            cls = getattr(import_module(f"{__name__}.{name}"), class_name)
            self._groups[name] = cls(self._client)
        return self._groups[name]

    # Not a `cached_property`: `unittest.mock.create_autospec` takes what such a one brings for the property itself.
    return property(group)


class Groups:
    """The resource groups of a session, each named as its collection relation."""

    _client: Client
    _groups: dict[str, Any]

    apikeys: ApiKeys = _late("apikeys", "ApiKeys")
    """API keys: client IDs and secrets with which programs stay authenticated."""
    profiles: Profiles = _late("profiles", "Profiles")
    """Profiles: the users of the service."""
