"""The resource groups: one file for each page of the API reference, its classes and its calls side by side."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiomatatika.resources.accounts.group import Accounts
    from aiomatatika.resources.administrators import Administrators
    from aiomatatika.resources.alerts import Alerts
    from aiomatatika.resources.apikeys import ApiKeys
    from aiomatatika.resources.channels import Channels
    from aiomatatika.resources.comments import Comments
    from aiomatatika.resources.datacomponents import Datacomponents
    from aiomatatika.resources.dataplugins.group import Dataplugins
    from aiomatatika.resources.datasets.group import Datasets
    from aiomatatika.resources.datastores import Datastores
    from aiomatatika.resources.deployments import Deployments
    from aiomatatika.resources.feed import Feed
    from aiomatatika.resources.invitations import Invitations
    from aiomatatika.resources.jobs.group import Jobs
    from aiomatatika.resources.members import Members
    from aiomatatika.resources.news import News
    from aiomatatika.resources.notifications import Notifications
    from aiomatatika.resources.pipelines.group import Pipelines
    from aiomatatika.resources.profiles import Profiles
    from aiomatatika.resources.resources import Resources
    from aiomatatika.resources.search import Search
    from aiomatatika.resources.subscriptions import Subscriptions
    from aiomatatika.resources.tags import Tags
    from aiomatatika.resources.workspaces import Workspaces
    from aiomatatika.transport.client import Client

__all__ = ["Groups"]


class _LateGroup(property):
    """A group that is imported, and made, when it is first asked for.

    Asked of the class it is the group's class: there `unittest.mock.create_autospec` finds the group's methods.
    """

    load: Callable[[], Any]
    of: Callable[[Any], Any]

    def __get__(self, session: Any, owner: type | None = None) -> Any:
        return self.load() if session is None else self.of(session)  # less than `super().__get__` takes


def _late(name: str, class_name: str) -> Any:
    """Return the property of a group, from the module of this package that it is in.

    Importing 24 of them takes longer than importing aiohttp, and few programs use more than five.
    """

    def load() -> Any:
        return getattr(import_module(f"{__name__}.{name}"), class_name)

    def group(self: Groups) -> Any:
        if name not in self._groups:
            self._groups[name] = load()(self._client)
        return self._groups[name]

    late = _LateGroup(group)
    late.load, late.of = load, group
    return late


class Groups:
    """The resource groups of a session, each named as its collection relation."""

    _client: Client
    _groups: dict[str, Any]

    accounts: Accounts = _late("accounts.group", "Accounts")
    """Accounts: who pays, and owns workspaces."""
    administrators: Administrators = _late("administrators", "Administrators")
    """Administrators: members with rights over a workspace."""
    alerts: Alerts = _late("alerts", "Alerts")
    """Alerts: notes raised on datasets."""
    apikeys: ApiKeys = _late("apikeys", "ApiKeys")
    """API keys: client IDs and secrets with which programs stay authenticated."""
    channels: Channels = _late("channels", "Channels")
    """Channels: groups of datasets."""
    comments: Comments = _late("comments", "Comments")
    """Comments: what is said about datasets, and the replies."""
    datacomponents: Datacomponents = _late("datacomponents", "Datacomponents")
    """Datacomponents: dataplugins with their settings, which pipelines are made of."""
    dataplugins: Dataplugins = _late("dataplugins.group", "Dataplugins")
    """Dataplugins: definitions of the connectors that datacomponents are made from."""
    datasets: Datasets = _late("datasets.group", "Datasets")
    """Datasets: published views of data, with an optional chart."""
    datastores: Datastores = _late("datastores", "Datastores")
    """Datastores: databases that pipelines load data into."""
    deployments: Deployments = _late("deployments", "Deployments")
    """Deployments: a workspace's repository, put into effect."""
    feed: Feed = _late("feed", "Feed")
    """The feed: the datasets that a workspace puts forward."""
    invitations: Invitations = _late("invitations", "Invitations")
    """Invitations: e-mail addresses that were asked into a workspace."""
    jobs: Jobs = _late("jobs.group", "Jobs")
    """Jobs: runs of pipelines, and other tasks of a workspace."""
    members: Members = _late("members", "Members")
    """Members: who belongs to a workspace."""
    news: News = _late("news", "News")
    """News: what happened in a workspace."""
    notifications: Notifications = _late("notifications", "Notifications")
    """Notifications: what happened, as a profile is told of it."""
    pipelines: Pipelines = _late("pipelines.group", "Pipelines")
    """Pipelines: what a workspace runs, and when."""
    profiles: Profiles = _late("profiles", "Profiles")
    """Profiles: the users of the service."""
    resources: Resources = _late("resources", "Resources")
    """Resources: the files of a workspace."""
    search: Search = _late("search", "Search")
    """Search among the datasets of a workspace."""
    subscriptions: Subscriptions = _late("subscriptions", "Subscriptions")
    """Subscriptions: what a profile wants to be told of."""
    tags: Tags = _late("tags", "Tags")
    """Tags: the ``#words`` of a workspace."""
    workspaces: Workspaces = _late("workspaces", "Workspaces")
    """Workspaces: where pipelines run and datasets are published."""
