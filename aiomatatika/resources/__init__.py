"""The resource groups: one file for each page of the API reference, its classes and its calls side by side."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiomatatika.resources.alerts import Alerts
    from aiomatatika.resources.apikeys import ApiKeys
    from aiomatatika.resources.channels import Channels
    from aiomatatika.resources.comments import Comments
    from aiomatatika.resources.datasets.group import Datasets
    from aiomatatika.resources.feed import Feed
    from aiomatatika.resources.members import Members
    from aiomatatika.resources.profiles import Profiles
    from aiomatatika.resources.search import Search
    from aiomatatika.resources.workspaces import Workspaces
    from aiomatatika.transport.client import Client

__all__ = ["Groups"]


class _LateGroup(property):
    """A group that is imported, and made, when it is first asked for.

    Asked of the class it is the group's class: there `unittest.mock.create_autospec` finds the group's methods.
    """

    load: Callable[[], Any]

    def __get__(self, session: Any, owner: type | None = None) -> Any:
        return self.load() if session is None else super().__get__(session, owner)


def _late(name: str, class_name: str) -> Any:
    """Return the property of a group.

    Importing 24 of them takes longer than importing aiohttp, and few programs use more than five.
    """

    def load() -> Any:
        return getattr(import_module(f"{__name__}.{name}"), class_name)

    def group(self: Groups) -> Any:
        if name not in self._groups:
            self._groups[name] = load()(self._client)
        return self._groups[name]

    late = _LateGroup(group)
    late.load = load
    return late


class Groups:
    """The resource groups of a session, each named as its collection relation."""

    _client: Client
    _groups: dict[str, Any]

    alerts: Alerts = _late("alerts", "Alerts")
    """Alerts: notes raised on datasets."""
    apikeys: ApiKeys = _late("apikeys", "ApiKeys")
    """API keys: client IDs and secrets with which programs stay authenticated."""
    channels: Channels = _late("channels", "Channels")
    """Channels: groups of datasets."""
    comments: Comments = _late("comments", "Comments")
    """Comments: what is said about datasets, and the replies."""
    datasets: Datasets = _late("datasets.group", "Datasets")
    """Datasets: published views of data, with an optional chart."""
    feed: Feed = _late("feed", "Feed")
    """The feed: the datasets that a workspace puts forward."""
    members: Members = _late("members", "Members")
    """Members: who belongs to a workspace."""
    profiles: Profiles = _late("profiles", "Profiles")
    """Profiles: the users of the service."""
    search: Search = _late("search", "Search")
    """Search among the datasets of a workspace."""
    workspaces: Workspaces = _late("workspaces", "Workspaces")
    """Workspaces: where pipelines run and datasets are published."""
