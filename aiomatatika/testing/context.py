"""What the code of an operation works with: the request, what its path names, and the server's data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aiomatatika.testing.bodies import valid_members
from aiomatatika.testing.clock import ServerTime
from aiomatatika.testing.documents import document_of
from aiomatatika.testing.error_responses import RefusedError
from aiomatatika.testing.identity_provider import Tokens
from aiomatatika.testing.operation import Operation
from aiomatatika.testing.request_log import RecordedRequest
from aiomatatika.testing.resource_types import BY_NAME, BY_VARIABLE, ResourceType
from aiomatatika.testing.responses import ServerResponse, hal_response
from aiomatatika.testing.rows import Row
from aiomatatika.testing.store import Store, StoredProfile
from aiomatatika.testing.tables import Tables

__all__ = ["ApiSettings", "Context", "Handler", "Services", "not_found"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """What a running API has to be told.

    Attributes:
        root: What every href begins with.
        audience: The audience of its tokens.
        page_size: The size of a page where the client asks for none.
    """

    root: str
    audience: str
    page_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The server's data and time.

    Attributes:
        store: API keys and profiles.
        tables: All other resources.
        tokens: Tells which tokens are accepted.
        time: The server's time.
    """

    store: Store
    tables: Tables
    tokens: Tokens
    time: ServerTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One request to one operation.

    Attributes:
        request: The request.
        operation: The operation.
        statuses: The statuses of success of its route: one of the table's rows may promise 201, another 200.
        ids: The ids that its path names, by variable.
        services: The server's data and time.
        settings: Where the API is, and how large its pages are.
    """

    request: RecordedRequest
    operation: Operation
    statuses: frozenset[int]
    ids: Mapping[str, str]
    services: Services
    settings: ApiSettings

    @property
    def tables(self) -> Tables:
        """The tables."""
        return self.services.tables

    @property
    def type(self) -> ResourceType:
        """The resource class of the response."""
        return BY_NAME[self.operation.response]

    @property
    def subject(self) -> str:
        """The path variable that the operation is about: the last one."""
        return list(self.ids)[-1]

    def row(self, variable: str = "") -> Row:
        """Return the resource that the path names.

        Args:
            variable: Its path variable; by default the last one.

        Raises:
            RefusedError: The server does not have it: 404.
        """
        variable = variable or self.subject
        type = BY_VARIABLE[variable]
        row = self.tables[type.table].find(self.ids[variable], self.ids)
        if row is None:
            raise not_found(type, self.ids[variable])
        return row

    def profile(self, variable: str = "profile_id") -> StoredProfile:
        """Return the profile that the path names.

        Raises:
            RefusedError: The server does not have it: 404.
        """
        profile = self.services.store.profiles.get(self.ids[variable])
        if profile is None:
            raise not_found(BY_NAME["Profile"], self.ids[variable])
        return profile

    def within(self, *, but: str = "") -> dict[str, str]:
        """Return the ids that the path names, all of which have to exist.

        Args:
            but: The path variable to leave out: of what is read, or about to be made.

        Raises:
            RefusedError: One of them does not exist: 404.
        """
        return {variable: self.row(variable).id for variable in self.ids if variable != but}

    def parents(self, *, but: str = "") -> dict[str, str]:
        """Return the ids that the path names, and those of all that these are below: for a new resource.

        Args:
            but: The path variable to leave out.

        Raises:
            RefusedError: One of them does not exist: 404.
        """
        above = self.within(but=but)
        inherited = {name: id for variable in above for name, id in self.row(variable).parents.items()}
        return inherited | above

    def members(self) -> dict[str, Any]:
        """Return what the body sets, which has to have all that the resource class requires.

        Raises:
            RefusedError: The body is malformed or incomplete.
        """
        return valid_members(self.request, BY_NAME[self.operation.body])

    def shown(self, row: Row) -> dict[str, Any]:
        """Return a resource as the API sends it."""
        return document_of(row, self.tables, self.settings.root)

    def respond(self, row: Row, status: int = 200, *, written: str = "") -> ServerResponse:
        """Return a response with a resource.

        Args:
            row: The resource.
            status: The status.
            written: ``"created"`` or ``"updated"`` in the response to a PUT.
        """
        return hal_response(document_of(row, self.tables, self.settings.root, written=written), status)

    @property
    def url(self) -> str:
        """The href of this request's path."""
        ids = {name: quote(id, safe="/" if name == "resource_path" else "") for name, id in self.ids.items()}
        return self.settings.root + self.operation.path.format_map(ids)


Handler = Callable[[Context], ServerResponse]


def not_found(type: ResourceType, id: str) -> RefusedError:
    """Return the 404 for a resource that is not there."""
    return RefusedError(404, f"{type.title or type.name} with ID '{id}' not found")
