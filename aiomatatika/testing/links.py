"""The links that the API puts on its resources, as samples and guides show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from aiomatatika.testing.operations import OPERATIONS
from aiomatatika.testing.rows import JobRow, Row

__all__ = ["links_of", "links_of_draft"]


@dataclass(frozen=True, slots=True)
class _Link:
    """A link: its relation, its path below the API's root, and its ``type`` (a method), which some resources give.

    ``{id}`` is the resource's own, ``{name}`` its name; the other variables are its parents. A link with a variable
    that the resource does not have is left out, and so is one whose condition is false.
    """

    rel: str
    path: str
    type: str = ""
    when: Callable[[Row], bool] | None = None

    def put_on(self, row: Row, values: Mapping[str, str], root: str) -> dict[str, Any]:
        try:
            href = root + self.path.format_map(values)
        except KeyError:
            return {}
        if self.when is not None and not self.when(row):
            return {}
        return {self.rel: {"href": href, **({"type": self.type} if self.type else {})}}


def _was_edited(row: Row) -> bool:
    return row.modified_ns - row.created_ns > 1_000


def _can_be_stopped(row: Row) -> bool:
    return isinstance(row, JobRow) and not row.has_ended


_W = "/workspaces/{id}"
_LINKS: Final[Mapping[str, tuple[_Link, ...]]] = {
    "Account": (_Link("self", "/accounts/{id}"), _Link("update account", "/accounts/{id}")),
    "Workspace": (
        _Link("self", _W),
        _Link("update delete workspace", _W),
        _Link("make-default", f"{_W}/default"),
        *(_Link(rel, f"{_W}/{rel}") for rel in ("members", "invitations", "channels", "datasets", "tags", "search")),
        *(_Link(rel, f"{_W}/{rel}") for rel in ("feed", "dataplugins", "pipelines")),
        _Link("create invitation", f"{_W}/invitations"),
        _Link("publish dataset", f"{_W}/datasets"),
    ),
    "Member": (_Link("self", "/workspaces/{workspace_id}/members/{id}"),),
    "Administrator": (_Link("self", "/workspaces/{workspace_id}/members/{id}"),),  # not /administrators/: as recorded
    "Invitation": (
        _Link("delete invitation", "/invitations/{id}", "DELETE"),
        _Link("withdraw invitation", "/invitations/{id}/revoked", "PUT"),
    ),
    "Channel": (
        _Link("self", "/channels/{id}"),
        _Link("update channel", "/workspaces/{workspace_id}/channels/{id}"),
        _Link("delete channel", "/channels/{id}"),
        _Link("datasets", "/channels/{id}/datasets", "GET"),
        _Link("add subscription", "/channels/{id}/subscriptions"),
        _Link("add workspace-scope", "/channels/{id}/scope/workspace"),
    ),
    "Dataset": (
        _Link("self", "/datasets/{id}"),
        _Link("edit delete dataset", "/datasets/{id}"),
        _Link("data", "/datasets/{id}/data"),
        _Link("comments", "/datasets/{id}/comments"),
        _Link("add like", "/datasets/{id}/like"),
    ),
    "DatasetMessage": (_Link("dataset", "/datasets/{dataset_id}"),),
    "Alert": (_Link("self", "/alerts/{id}"), _Link("dataset", "/datasets/{dataset_id}")),
    "Comment": (
        _Link("self", "/comments/{id}", "GET"),
        _Link("edit-history", "/comments/{id}/history", "GET", _was_edited),
        _Link("new reply", "/comments/{id}"),
        _Link("update comment", "/datasets/{dataset_id}/comments/{id}", "PUT"),
        _Link("add like", "/comments/{id}/like", "PUT"),
        _Link("delete comment", "/comments/{id}", "DELETE"),
    ),
    "Tag": (
        _Link("self", "/workspaces/{workspace_id}/tags/{id}"),
        _Link("search", "/workspaces/{workspace_id}/search?q=tag%3A{name}"),
    ),
    "Dataplugin": (
        _Link("self", "/dataplugins/{id}"),
        _Link("update dataplugin", "/workspaces/{workspace_id}/dataplugins/{id}"),
        _Link("delete dataplugin", "/dataplugins/{id}"),
    ),
    "Datacomponent": (
        _Link("self", "/datacomponents/{id}"),
        _Link("update delete datacomponent", "/datacomponents/{id}"),
    ),
    "Datastore": (
        _Link("self", "/datastores/{id}"),
        _Link("update delete datastore", "/datastores/{id}"),
        _Link("make-default", "/datastores/{id}/default"),
    ),
    "Pipeline": (
        _Link("self", "/pipelines/{id}"),
        _Link("update pipeline", "/workspaces/{workspace_id}/pipelines/{id}"),
        _Link("delete pipeline", "/pipelines/{id}"),
        _Link("verify pipeline", "/pipelines/{id}/verification"),
        _Link("new job", "/pipelines/{id}/jobs"),
        _Link("jobs", "/pipelines/{id}/jobs"),
    ),
    "Job": (
        _Link("self", "/jobs/{id}", "GET"),
        _Link("withdraw job", "/jobs/{id}/stopped", "PUT", _can_be_stopped),
        _Link("delete job", "/jobs/{id}", "DELETE"),
        _Link("logs", "/jobs/{id}/logs?sequence=0", "GET"),
    ),
    "Subscription": (
        _Link("self", "/subscriptions/{id}", "GET"),
        _Link("update subscription", "/subscriptions/{id}", "PUT"),
        _Link("delete subscription", "/subscriptions/{id}", "DELETE"),
        *(_Link(name, f"/{name}s/{{{name}_id}}", "GET") for name in ("channel", "dataset", "pipeline", "workspace")),
    ),
    "Notification": (_Link("self", "/notifications/{id}"), _Link("delete notification", "/notifications/{id}")),
    "Resource": (
        _Link("self", "/workspaces/{workspace_id}/resources/{id}"),
        _Link("update resource", "/workspaces/{workspace_id}/resources/{id}"),
        _Link("delete resource", "/workspaces/{workspace_id}/resources/{id}"),
    ),
}
_CREATING_PATHS: Final = {
    operation.response: operation.path
    for operation in OPERATIONS
    if operation.kind == "put" and 201 in operation.statuses
}


def links_of(row: Row, root: str) -> dict[str, Any]:
    """Return the links of a resource.

    Args:
        row: The resource.
        root: What every href begins with.
    """
    texts = {**row.parents, "id": row.id, "name": str(row.document.get("name", ""))}
    values = {
        name: quote(text, "/" if row.type.name == "Resource" else "", errors="replace") for name, text in texts.items()
    }
    links: dict[str, Any] = {}
    for link in _LINKS[row.type.name]:
        links |= link.put_on(row, values, root)
    return links


def links_of_draft(row: Row, root: str) -> dict[str, Any]:
    """Return the only link that a draft has: where to create it."""
    path = _CREATING_PATHS[row.type.name].format_map({**row.parents, row.type.variable: row.id})
    return {f"create {row.type.relation}": {"href": root + path}}
