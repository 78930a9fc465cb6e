"""One operation of the API, as a row of the server's table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Operation"]

_HAL = "application/hal+json"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes:
        id: Its group and name.
        method: The HTTP method.
        path: The path below the API's root; its variables are in braces.
        kind: What it does. All but ``"own"`` is done alike for all resources, with a choice of rows for some lists.
        response: What comes back: a resource class, a media type, or an empty text for no body.
        statuses: The statuses of success.
        embedded_key: The key in ``_embedded`` where a list comes back.
        paged: The list has a ``page`` object.
        pageable: It takes ``page``, ``size`` and ``sort``, also where the list has no ``page`` object.
        query: The other query parameters.
        body: What it takes: a resource class or a media type.
        accepts: The media types to choose from with the Accept header.
        headers: Other request headers that it needs.
    """

    id: str
    method: str
    path: str
    kind: Literal["list", "get", "initialise", "put", "delete", "own"]
    response: str = ""
    statuses: tuple[int, ...] = (200,)
    embedded_key: str = ""
    paged: bool = False
    pageable: bool = False
    query: tuple[str, ...] = ()
    body: str = ""
    accepts: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the operation as JSON, with what goes without saying in the table spelled out."""
        of_the_response = () if not self.response else (self.response,) if "/" in self.response else (_HAL,)
        return {
            "id": self.id,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "body": self.body,
            "accepts": self.accepts or of_the_response,
            "headers": self.headers,
            "statuses": self.statuses,
            "answer": self.response,
            "embedded_key": self.embedded_key,
            "paged": self.paged,
            "pageable": self.paged or self.pageable,
        }
