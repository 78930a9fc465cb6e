"""The server's tables: every resource but API keys and profiles."""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Generic, Literal, TypeVar, cast, overload
from uuid import UUID, uuid4

from aiomatatika.testing.clock import ServerTime
from aiomatatika.testing.resource_types import BY_TABLE, BY_VARIABLE, ResourceType
from aiomatatika.testing.rows import DatasetRow, FileRow, JobRow, PipelineRow, ProvisionedRow, Row
from aiomatatika.testing.store import StoredProfile

__all__ = ["Table", "Tables"]

R_co = TypeVar("R_co", bound=Row, covariant=True)

_ROW_CLASSES: Mapping[str, type[Row]] = {
    "workspaces": ProvisionedRow,
    "pipelines": PipelineRow,
    "jobs": JobRow,
    "datasets": DatasetRow,
    "resources": FileRow,
}
_MEMBER_TABLES = ("members", "administrators")


def _letters(count: int) -> str:
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(count))


class Table(Generic[R_co]):
    """The resources of one class, in the order in which they were stored. Any thread may use it.

    Args:
        tables: All tables.
        type: The class.
        lock: Held while rows come and go.
    """

    def __init__(self, tables: Tables, type: ResourceType, lock: threading.RLock) -> None:
        self.type = type
        self._tables = tables
        self._lock = lock
        self._rows: dict[tuple[str, str], R_co] = {}

    def __repr__(self) -> str:
        return f"<Table {self.type.table}: {len(self)} rows>"

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[R_co]:
        with self._lock:
            return iter(list(self._rows.values()))

    def __getitem__(self, id: UUID | str) -> R_co:
        with self._lock:
            row = self._rows.get(("", str(id)))
            found = [row] if row else [each for each in self if each.id == str(id)]
        if not found:
            raise KeyError(str(id))
        return found[0]

    def add(self, members: Mapping[str, Any] | None = None, /, *, id: UUID | str | None = None, **more: Any) -> R_co:
        """Store a resource, and return its row.

        Args:
            members: Members as the API writes them, for names that Python reserves, such as ``from``.
            id: Its id; by default a new one.
            more: Path variables (``workspace_id``, ``pipeline_id``, …) say where it is; one that is not named is the
                built-in workspace, or the newest row of its table, which is made where there is none; None means:
                below none. The settings of its row, such as a dataset's ``rows``. All others are members.
        """
        with self._lock:
            given = {**(members or {}), **more}
            named = {name: value for name, value in given.items() if name in self._tables.variables}
            row_class = _ROW_CLASSES.get(self.type.table, Row)
            settings = {name: value for name, value in given.items() if name in row_class.settings}
            if id is None:
                id = given.get(self.type.identified_by)
            row = self.insert(id, self._tables.parents_of(self.type, named))
            if isinstance(row, JobRow) and "status" in given:
                row.run = None
            for name, value in settings.items():
                setattr(row, name, value)
            row.document.update({name: value for name, value in given.items() if name not in {*named, *settings}})
            row.document[self.type.identified_by] = row.id
            return row

    def remove(self, id: UUID | str) -> None:
        """Delete a resource, and all that was made below it.

        Raises:
            KeyError: There is no such resource.
        """
        self.delete(self[id])

    # For the server itself

    def draft(self, id: UUID | str | None, parents: dict[str, str]) -> R_co:
        """Return a new row that is not stored."""
        row_class = _ROW_CLASSES.get(self.type.table, Row)
        return cast("R_co", row_class(self.type, str(id or uuid4()), parents, self._tables.time))

    def insert(self, id: UUID | str | None, parents: dict[str, str]) -> R_co:
        """Store a new row that has nothing but what the server gives it."""
        with self._lock:
            row = self.draft(id, parents)
            self._rows[self._key(row.id, parents)] = row
            self._tables.greet(row)
            return row

    def find(self, id: str, parents: Mapping[str, str]) -> R_co | None:
        """Return a row by its id, and by its workspace where ids are unique in one only."""
        return self._rows.get(self._key(id, parents))

    def below(self, parents: Mapping[str, str]) -> list[R_co]:
        """Return the rows that were made below these parents."""
        return [row for row in self if parents.items() <= row.parents.items()]

    def delete(self, row: Row) -> None:
        """Delete a row, and all that was made below it."""
        with self._lock:
            self._rows.pop(self._key(row.id, row.parents), None)
            for table in self._tables.all():
                table.delete_below({row.type.variable: row.id})

    def delete_below(self, parents: Mapping[str, str]) -> None:
        """Delete the rows that were made below these parents."""
        for row in self.below(parents):
            del self._rows[self._key(row.id, row.parents)]

    def _key(self, id: str, parents: Mapping[str, str]) -> tuple[str, str]:
        return (parents["workspace_id"] if self.type.is_scoped else "", id)


class Tables:
    """The tables by name. New ones hold one workspace: READY, and the default of the built-in profile.

    Args:
        time: The server's time.
        owner: The built-in profile: a member and an administrator of every workspace.
        lock: Held while rows come and go.

    Attributes:
        workspace_id: The built-in workspace.
        variables: The path variables that hold an id of one of their rows.
        default_datastores: The default datastore of each workspace that has one.
        reply_parents: The comment that a draft of a reply was asked for, by the draft's id.
    """

    def __init__(self, time: ServerTime, owner: StoredProfile, lock: threading.RLock) -> None:
        self.time = time
        self.owner = owner
        self.default_datastores: dict[str, str] = {}
        self.reply_parents: dict[str, str] = {}
        own_store = ("apikeys", "profiles")
        self._tables: dict[str, Table[Row]] = {
            name: Table(self, type, lock) for name, type in BY_TABLE.items() if name not in own_store
        }
        self.variables: frozenset[str] = frozenset(table.type.variable for table in self._tables.values())
        self.workspace_id: str = self["workspaces"].add(name="Built-in workspace", defaultWorkspace=True).id

    @overload
    def __getitem__(self, name: Literal["workspaces"]) -> Table[ProvisionedRow]: ...
    @overload
    def __getitem__(self, name: Literal["pipelines"]) -> Table[PipelineRow]: ...
    @overload
    def __getitem__(self, name: Literal["jobs"]) -> Table[JobRow]: ...
    @overload
    def __getitem__(self, name: Literal["datasets"]) -> Table[DatasetRow]: ...
    @overload
    def __getitem__(self, name: Literal["resources"]) -> Table[FileRow]: ...
    @overload
    def __getitem__(self, name: str) -> Table[Row]: ...
    def __getitem__(self, name: str) -> Table[Any]:
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __repr__(self) -> str:
        return f"<Tables {', '.join(self._tables)}>"

    # For the server itself

    def parents_of(self, type: ResourceType, named: Mapping[str, UUID | str | None]) -> dict[str, str]:
        """Return the ids of all that a new resource is below: the named ones, and those above them."""
        parents: dict[str, str] = {}
        for variable, id in named.items():
            if id is not None:
                parents |= {**self._tables[BY_VARIABLE[variable].table][id].parents, variable: str(id)}
        if type.parent and type.parent not in {*parents, *named}:
            parent = self._usual_parent(type.parent)
            parents |= {**parent.parents, type.parent: parent.id}
        return parents

    def _usual_parent(self, variable: str) -> Row:
        table = self._tables[BY_VARIABLE[variable].table]
        if variable == "workspace_id" and (built_in := table.find(self.workspace_id, {})):
            return built_in
        return next(reversed(list(table)), None) or table.add()

    def greet(self, row: Row) -> None:
        """Give a new resource what the server gives each of its class."""
        match row.type.table:
            case "workspaces":
                row.document.update(alias=_letters(7), deploymentSecret=_letters(30))
                for name in _MEMBER_TABLES:
                    self.add_member(name, row.id, self.owner)
            case "accounts":
                row.document["ownerProfileId"] = self.owner.id
                row.related[self.owner.id] = None
            case "channels" | "invitations":
                row.document["creator"] = self.owner.member
            case "comments":
                row.document["from"] = self.owner.member
            case "notifications":
                row.document["actor"] = self.owner.member
            case "alerts":
                row.document["raised"] = row.document["created"]
            case _:
                pass

    def add_member(self, table: str, workspace_id: str, profile: StoredProfile) -> Row:
        """Make a profile a member or an administrator of a workspace."""
        row = self._tables[table].insert(profile.id, {"workspace_id": workspace_id})
        row.document.update(name=profile.name, handle=profile.handle)
        return row

    def all(self) -> Iterator[Table[Row]]:
        """Yield the tables."""
        yield from self._tables.values()
