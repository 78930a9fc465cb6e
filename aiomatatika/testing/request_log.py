"""The request log: what the server was sent, in order of arrival."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl

from multidict import CIMultiDict

__all__ = ["Endpoint", "RecordedRequest", "RequestLog"]

Endpoint = Literal["api", "token", "other"]


@dataclass(slots=True, eq=False)
class RecordedRequest:
    """One request as it arrived. Its ``repr`` shows method, path and status only: headers and bodies hold secrets.

    Attributes:
        method: The HTTP method.
        path: The path, percent-encoded as it was sent, without the query.
        endpoint: ``"api"``, ``"token"`` (the identity provider's) or ``"other"``.
        parameters: The names and values of the decoded query, in their order: a name can be repeated.
        headers: All header fields.
        body: The whole body; empty until it has been read.
        status: The status of the response; None until it is sent, and where a fault drops it or sends raw bytes.
        connection: The client's port: requests of one connection share it.
        at: When it arrived, in seconds of the server's clock (`Clock.monotonic`).
    """

    method: str
    path: str
    endpoint: Endpoint
    parameters: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]], repr=False)
    headers: CIMultiDict[str] = field(default_factory=CIMultiDict[str], repr=False)
    body: bytes = field(default=b"", repr=False)
    status: int | None = None
    connection: int | None = field(default=None, repr=False)
    at: float = field(default=0.0, repr=False)

    @property
    def query(self) -> dict[str, str]:
        """The decoded query; the first value of a repeated name."""
        return dict(reversed(self.parameters))

    def json(self) -> Any:
        """Return the body parsed as JSON.

        Raises:
            ValueError: It is not JSON.
        """
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        """Return the fields of a form-encoded body.

        Raises:
            ValueError: It is not a form.
        """
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=bool(self.body)))


class RequestLog(list[RecordedRequest]):
    """A list of requests, with views of a part of it. Any thread may read and clear it.

    Attributes:
        limit: How many requests to keep, the newest ones; None keeps all. Set it for tests of millions of requests.
        seen: How many requests ever arrived, whatever `limit` and `clear` took away.
        on_finished: Called in the server's thread with each request that the server has finished with: the status of
            its response is known, or its connection is about to end.
    """

    limit: int | None = None
    seen: int = 0
    on_finished: Callable[[RecordedRequest], None] | None = None

    def record(self, request: RecordedRequest) -> None:
        """Add a request that arrives (the server does)."""
        self.seen += 1
        self.append(request)
        if self.limit is not None and len(self) > self.limit:
            del self[: len(self) - self.limit]

    def finish(self, request: RecordedRequest) -> None:
        """Announce a request that is finished (the server does)."""
        if self.on_finished is not None:
            self.on_finished(request)

    @property
    def api(self) -> RequestLog:
        """The requests to the API."""
        return RequestLog(request for request in self if request.endpoint == "api")

    @property
    def token(self) -> RequestLog:
        """The requests to the token endpoint."""
        return RequestLog(request for request in self if request.endpoint == "token")

    def methods(self) -> list[str]:
        """Return the methods of the requests to the API, in order: ``["POST", "PUT"]``."""
        return [request.method for request in self if request.endpoint == "api"]
