"""What goes out and what comes back: `Request` and `Response`. Neither shows a body."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

import msgspec
from yarl import URL

from aiomatatika.decoding.converter import Read
from aiomatatika.decoding.documents import Content, path_list, read_array, read_resource
from aiomatatika.decoding.header_fields import HeaderFields
from aiomatatika.decoding.json_text import Mismatch, decode_json, media_type
from aiomatatika.decoding.request_bodies import Body
from aiomatatika.errors import MatatikaError, ResponseError
from aiomatatika.transport.repeat import Repeat
from aiomatatika.transport.streamed_body import StreamedBody
from aiomatatika.transport.unread_body import UnreadBody

__all__ = [
    "DONE",
    "GONE",
    "HAL_JSON",
    "MAX_BODY",
    "CallFacts",
    "OpenResponse",
    "Request",
    "Response",
    "error_log_fields",
]

_logger = logging.getLogger(__name__)

T = TypeVar("T")

GONE = frozenset({404})
"""The status of a DELETE's repeat where the first one was carried out."""
DONE = frozenset({200, 204})
"""What a call without a result, or whose result can be empty, ends with."""
HAL_JSON = "application/hal+json, application/json;q=0.9"
MAX_BODY = 16 * 2**20


# Without gc: a thousand can wait at once, and nothing that they hold leads back to them.
class Request(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One logical request, as an operation declares it.

    Attributes:
        method: The HTTP method, in capitals.
        url: Where to; it has passed the origin rule.
        repeat: Whether it may be sent again.
        body: What to send: bytes, or what is read while it is sent.
        headers: Header fields beside those that every request has.
        content_type: The media type of the body.
        accept: The media types that are welcome.
        promised: The statuses of success that the operation has; None: any from 200 to 299.
        not_repeated_after: Statuses after which a broken body is left at that: what was to be done is done.
        done_already: Statuses that, where they answer a repeat, mean that the first one was carried out: the 404 to a
            DELETE, the 409 to what can be done once.
        streamed: Statuses whose body is left to be read piece by piece: the response is then an `OpenResponse`.
        secret: What it makes, where its response is the only sight of a secret: closing the session waits for it.
        within: A limit in seconds below the deadline of the call.
        max_body: The longest body of a success, in bytes, decompressed.
    """

    method: str
    url: URL
    repeat: Repeat
    body: Body | StreamedBody | None = None
    headers: HeaderFields | None = None
    content_type: str = "application/json"
    accept: str = HAL_JSON
    promised: frozenset[int] | None = None
    not_repeated_after: frozenset[int] = frozenset()
    done_already: frozenset[int] = frozenset()
    streamed: frozenset[int] = frozenset()
    secret: str | None = None
    within: float | None = None
    max_body: int = MAX_BODY

    @property
    def is_spent(self) -> bool:
        """Whether its body has been read and cannot be read again: there is nothing to repeat it with."""
        return isinstance(self.body, StreamedBody) and self.body.is_spent

    def facts(self) -> CallFacts:
        """Return what is known of the call before it is made."""
        return CallFacts(self.method, self.url.raw_path, self.repeat is not Repeat.ONCE)

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.url.raw_path}, {self.repeat}>"


class CallFacts(msgspec.Struct, eq=False, gc=False):
    """What a response or an error tells of its call.

    Attributes:
        method: The HTTP method.
        path: The path, without query.
        repeatable: To do the call twice has the effect of doing it once.
        attempts: Requests put on the wire.
        maybe_done: An attempt may have been carried out.
        request_id: What the server calls the request that it answered with an error.
    """

    method: str
    path: str
    repeatable: bool = True
    attempts: int = 0
    maybe_done: bool = False
    request_id: str | None = None

    def describe(self, error: MatatikaError) -> None:
        """Have an error tell which call it ended, unless it tells of another already."""
        if error.method is None:
            error.method, error.path, error.attempts = self.method, self.path, self.attempts
            error.maybe_done, error.repeatable = self.maybe_done, self.repeatable
            error.request_id = self.request_id

    def log_fields(self, status: int | None = None) -> dict[str, object]:
        """Return the ``extra`` of a log record about the call."""
        return {
            "method": self.method,
            "path": self.path,
            "status": status,
            "attempt": self.attempts,
            "request_id": self.request_id,
        }


def error_log_fields(error: MatatikaError) -> dict[str, object]:
    """Return the ``extra`` of a log record about an error."""
    facts = CallFacts(error.method or "", error.path or "", attempts=error.attempts, request_id=error.request_id)
    return facts.log_fields(getattr(error, "status", None))


class Response:
    """A response of the API: status, headers and body, read whole.

    It shows its status alone: a body can hold secrets. For the same reason it does not pickle.

    Attributes:
        status: The HTTP status.
        headers: The headers; names compare without regard to case.
        url: The URL that answered.
        call: The call that it ended.
    """

    __slots__ = ("_body", "call", "headers", "status", "url")

    status: int
    headers: Mapping[str, str]
    url: URL
    call: CallFacts
    _body: Callable[[], bytes]

    def __init__(  # noqa: PLR0913, PLR0917  # the parts of a response, and where it comes from
        self, status: int, headers: Mapping[str, str], body: bytes, request: Request, call: CallFacts | None = None
    ) -> None:
        self.status = status
        self.headers = headers
        self._body = lambda: body  # a function, not the bytes: jsonpickle and others read attributes
        self.url = request.url
        self.call = request.facts() if call is None else call

    @property
    def body(self) -> bytes:
        """The bytes of the body, decompressed; at most 16 MiB."""
        return self._body()

    def json(self) -> Any:
        """Return the body as JSON, decoded as UTF-8 whatever charset the header names.

        Raises:
            ResponseError: The body is not JSON. The message does not quote it.
        """
        return self.promised(decode_json(self.body, self.headers))

    def structured(self, cls: type[T]) -> T:
        """Return the body as an object of an attrs class.

        An optional member that cannot be read is None, stays in ``extra``, and is named in a WARNING.

        Raises:
            ResponseError: It is not what was promised; the message says where, never the value.
        """
        return self._read(read_resource(Content(self._body(), self.headers), cls))

    def structured_list(self, cls: type[T]) -> list[T]:
        """Return the body, an array, as objects of an attrs class; the rest as for `structured`."""
        return self._read(read_array(Content(self._body(), self.headers), cls))

    def _read(self, read: Read[T] | Mismatch) -> T:
        found = self.promised(read) if isinstance(read, Mismatch) else read
        if found.unreadable:
            _logger.warning(
                "%s %s: not what was promised, and left out: %s",
                self.call.method,
                self.call.path,
                path_list(found.unreadable),
                extra=self.call.log_fields(self.status),
            )
        return found.content

    def promised(self, content: T | Mismatch) -> T:
        """Return what the body was read as, or raise the `ResponseError` that says which call brought the mismatch."""
        if not isinstance(content, Mismatch):
            return content
        error = ResponseError(content.text)
        error.status = self.status
        self.call.describe(error)
        raise error

    @property
    def media_type(self) -> str:
        """The media type that the server declared, without parameters; at most 60 characters."""
        return media_type(self.headers.get("Content-Type", ""))

    def __repr__(self) -> str:
        return f"<Response {self.status}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Response does not pickle or copy, for its body can hold secrets: keep what you need of .json()"
        )


class OpenResponse(Response):
    """A response whose body has yet to be read; whoever receives it closes it.

    Attributes:
        unread: The body.
    """

    __slots__ = ("unread",)

    unread: UnreadBody

    def __init__(  # noqa: PLR0913, PLR0917  # as above
        self, status: int, headers: Mapping[str, str], unread: UnreadBody, request: Request, call: CallFacts | None
    ) -> None:
        super().__init__(status, headers, b"", request, call)
        self.unread = unread
