"""What goes out and what comes back: `Request` and `Reply`. Neither shows a body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, time
from typing import Any, NoReturn, TypeVar
from uuid import UUID

import msgspec
from yarl import URL

from aiomatatika.decoding import Mismatch, decode_json
from aiomatatika.errors import ResponseError
from aiomatatika.exact import exact_resource
from aiomatatika.transport.retry import Repeat

__all__ = ["HAL_JSON", "MAX_BODY", "Reply", "Request", "json_body"]

T = TypeVar("T")

HAL_JSON = "application/hal+json, application/json;q=0.9"
MAX_BODY = 16 * 2**20


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if not all(isinstance(name, str) for name in value):
            raise TypeError
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def json_body(document: Any) -> bytes:
    """Encode a request body; dates and times in their ISO 8601 form, UUIDs in their canonical one.

    Raises:
        ValueError: It holds what JSON has no form for.
    """
    try:
        # Not msgspec: it writes NaN as null, and an attrs class by the names that its attributes have here.
        return json.dumps(_plain(document), allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError):
        del document  # it can hold passwords, and a traceback with locals would show them
    raise ValueError("json holds a value that JSON has no form for")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One logical request, as an operation declares it.

    Attributes:
        method: The HTTP method, in capitals.
        url: Where to, judged already.
        repeat: Whether it may be sent again.
        body: The bytes to send.
        content_type: Their media type.
        accept: The media types that are welcome.
        absence_is_success: A 404 that answers a repeat means that the first one was carried out: a DELETE.
        protected: Closing the session waits for it a little: its answer is the only sight of a secret.
        within: A limit in seconds below the deadline of the call.
    """

    method: str
    url: URL
    repeat: Repeat
    body: bytes | None = None
    content_type: str = "application/json"
    accept: str = HAL_JSON
    absence_is_success: bool = False
    protected: bool = False
    within: float | None = None

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.url.raw_path}, {self.repeat}>"


class Reply:
    """An answer of the API: status, headers and body, read whole.

    It shows its status alone: a body can hold secrets. For the same reason it does not pickle.

    Attributes:
        status: The HTTP status.
        headers: The headers; names compare without regard to case.
        body: The bytes of the body, decompressed; at most 16 MiB.
        url: The URL that answered.
    """

    __slots__ = ("attempts", "body", "headers", "method", "status", "url")

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: URL
    method: str
    attempts: int

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        url: URL,
        *,
        method: str = "GET",
        attempts: int = 1,
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.url = url
        self.method = method
        self.attempts = attempts

    def json(self) -> Any:
        """Return the body as JSON, decoded as UTF-8 whatever charset the header names.

        Raises:
            ResponseError: It is none. The message does not quote it.
        """
        return self.promised(decode_json(self.body, self.media_type))

    def structured(self, cls: type[T]) -> T:
        """Return the body as an attrs class.

        Raises:
            ResponseError: It is not what was promised; the message says where, never the value.
        """
        return self.promised(_structured(self, cls))

    def promised(self, content: T | Mismatch) -> T:
        """Return what the body was read as, or raise the `ResponseError` that says which call brought the mismatch."""
        if not isinstance(content, Mismatch):
            return content
        error = ResponseError(content.text)
        error.method, error.path, error.attempts = self.method, self.url.raw_path, self.attempts
        error.status = self.status
        raise error

    @property
    def media_type(self) -> str:
        """The media type that the server declared, without parameters; at most 60 characters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()[:60]

    def __repr__(self) -> str:
        return f"<Reply {self.status}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Reply does not pickle or copy: its body can hold secrets. Take what you need from .json()")


def _structured(reply: Reply, cls: type[T]) -> T | Mismatch:
    exact = exact_resource(reply.body, cls)
    if exact is not None:
        return exact
    from aiomatatika.converter import structure

    document = decode_json(reply.body, reply.media_type)
    return document if isinstance(document, Mismatch) else structure(document, cls)
