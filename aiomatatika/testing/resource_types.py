"""What the server knows of each resource class: where its resources live, and which members are whose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

__all__ = ["BY_NAME", "BY_TABLE", "BY_VARIABLE", "ResourceType"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """One resource class.

    Attributes:
        name: Its name in the API's reference, such as ``Pipeline``.
        table: Its collection relation, such as ``pipelines``.
        parent: The path variable of what its resources are made below; an empty text: the API's root.
        required: The members that a body needs.
        arrays: Those of them that are arrays; the others are texts.
        owned: The members that only the server sets, beside the id and the times.
        lasting: The members that a PUT without them keeps.
        initial: The members that a new resource has, unless they were given.
        from_path: The members that repeat an id of the path, and its variable.
        times: The members that hold when it was made and when it was last written.
        identified_by: The member that holds its id.
        is_scoped: Its id is unique in its workspace only.
        title: What errors call it, where that is not the name.
    """

    name: str
    table: str
    parent: str = ""
    required: tuple[str, ...] = ()
    arrays: frozenset[str] = frozenset()
    owned: frozenset[str] = frozenset()
    lasting: frozenset[str] = frozenset()
    initial: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    from_path: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    times: tuple[str, ...] = ("created", "lastModified")
    identified_by: str = "id"
    is_scoped: bool = False
    title: str = ""

    @property
    def variable(self) -> str:
        """The path variable that holds its id, such as ``pipeline_id``."""
        return "resource_path" if self.identified_by == "path" else f"{self.relation}_id"

    @property
    def relation(self) -> str:
        """What links call one resource: ``pipeline``."""
        return self.table.removesuffix("s")

    @property
    def java_name(self) -> str:
        """What validation errors call it: ``pipelineResource``."""
        return f"{self.name[0].lower()}{self.name[1:]}Resource"

    @property
    def set_by_the_server(self) -> frozenset[str]:
        """The members that a client's body cannot set."""
        return self.owned | {self.identified_by, *self.times, *self.from_path, "_links", "_embedded"}


_DATACOMPONENT: Final[Mapping[str, Any]] = {
    "parent": "workspace_id",
    "required": ("name", "dataPlugin"),
    "owned": frozenset({"managed", "streams"}),
    "initial": {"properties": {}, "draft": False, "managed": False},
}
_LIKES = frozenset({"likeCount", "likedByProfiles", "commentCount"})
_NO_LIKES: Final[Mapping[str, Any]] = {"likeCount": 0, "likedByProfiles": [], "commentCount": 0}

_TYPES: Final = (
    ResourceType(
        name="Account", table="accounts", required=("company", "ownerEmail"), lasting=frozenset({"ownerProfileId"})
    ),
    ResourceType(
        name="Workspace",
        table="workspaces",
        required=("name",),
        owned=frozenset({"alias", "status", "managed", "defaultWorkspace"}),
        lasting=frozenset({"deploymentSecret"}),
        initial={
            "repositoryUrl": "DISABLED",
            "domains": [],
            "status": "READY",
            "managed": False,
            "defaultWorkspace": False,
        },
    ),
    ResourceType(name="Member", table="members", parent="workspace_id", times=(), is_scoped=True),
    ResourceType(
        name="Administrator",
        table="administrators",
        parent="workspace_id",
        initial={"administrator": True},
        times=(),
        is_scoped=True,
    ),
    ResourceType(
        name="Invitation",
        table="invitations",
        parent="workspace_id",
        required=("email",),
        owned=frozenset({"status", "creator", "workspace"}),
        initial={"status": "PENDING"},
    ),
    ResourceType(
        name="Channel",
        table="channels",
        parent="workspace_id",
        required=("name",),
        owned=frozenset({"creator", "datasetCount", "containsDataset"}),
        lasting=frozenset({"scope", "type"}),
        initial={"scope": "PROFILE", "type": "LIST", "datasetCount": 0},
        from_path={"workspaceId": "workspace_id"},
    ),
    ResourceType(
        name="Dataset",
        table="datasets",
        parent="workspace_id",
        owned=_LIKES | {"viewCount", "score"},
        initial={**_NO_LIKES, "viewCount": 0},
        from_path={"workspaceId": "workspace_id"},
        times=("created", "published"),
    ),
    ResourceType(
        name="DatasetMessage",
        table="messages",
        parent="dataset_id",
        required=("recipientId", "message"),
        from_path={"datasetId": "dataset_id"},
        times=(),
        title="Dataset message",
    ),
    ResourceType(name="Alert", table="alerts", parent="dataset_id", required=("detail",)),
    ResourceType(
        name="Comment",
        table="comments",
        parent="dataset_id",
        required=("message",),
        owned=_LIKES | {"from"},
        lasting=frozenset({"parentId"}),
        initial=_NO_LIKES,
        from_path={"datasetId": "dataset_id"},
    ),
    ResourceType(name="Tag", table="tags", parent="workspace_id", initial={"usage": 1}, times=()),
    ResourceType(
        name="Dataplugin",
        table="dataplugins",
        parent="workspace_id",
        required=("pluginType", "name", "variant"),
        owned=frozenset({"fullyQualifiedName"}),
        times=(),
    ),
    ResourceType(name="Datacomponent", table="datacomponents", **_DATACOMPONENT),
    ResourceType(name="Datastore", table="datastores", from_path={"workspace": "workspace_id"}, **_DATACOMPONENT),
    ResourceType(
        name="Pipeline",
        table="pipelines",
        parent="workspace_id",
        required=("label", "dataComponents"),
        arrays=frozenset({"dataComponents"}),
        owned=frozenset({"status"}),
        initial={"status": "READY", "properties": {}},
    ),
    ResourceType(name="Job", table="jobs", parent="pipeline_id", initial={"type": "PIPELINE_RUN"}, times=("created",)),
    ResourceType(
        name="Subscription", table="subscriptions", parent="workspace_id", required=("type",), initial={"type": "ALL"}
    ),
    ResourceType(
        name="Notification",
        table="notifications",
        parent="workspace_id",
        initial={"type": "DATASET_ACTIVITY", "resolved": False},
    ),
    ResourceType(
        name="Resource",
        table="resources",
        parent="workspace_id",
        required=("contentType",),
        initial={"contentType": "application/octet-stream"},
        identified_by="path",
        is_scoped=True,
    ),
    # These two have a store of their own.
    ResourceType(
        name="ApiKey",
        table="apikeys",
        required=("name",),
        owned=frozenset({"clientId", "clientSecret", "profileId", "accessToken"}),
        title="API key",
    ),
    ResourceType(name="Profile", table="profiles", required=("name", "email"), owned=frozenset({"handle"}), times=()),
)
BY_NAME: Final[Mapping[str, ResourceType]] = {type.name: type for type in _TYPES}
BY_TABLE: Final[Mapping[str, ResourceType]] = {type.table: type for type in _TYPES}
BY_VARIABLE: Final[Mapping[str, ResourceType]] = {type.variable: type for type in _TYPES}
