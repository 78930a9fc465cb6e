"""Bodies of requests: bytes that do not show, and what a caller gives as text or JSON. No I/O."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, time
from typing import Any, NoReturn, final
from uuid import UUID

from aiomatatika.errors import InvalidArgumentError

__all__ = ["Body", "json_body", "text_body"]


@final
class Body:
    """The bytes of a request's body, which can hold passwords: readable only through `reveal`.

    A debugger, a pretty printer or a traceback with locals shows ``<Body hidden>``.
    """

    # A function, not the bytes: jsonpickle and others read whatever stands in an attribute.
    __slots__ = ("__data",)

    __data: Callable[[], bytes]

    def __init__(self, data: bytes) -> None:
        self.__data = lambda: data

    def reveal(self) -> bytes:
        """Return the bytes."""
        return self.__data()

    def __repr__(self) -> str:
        return "<Body hidden>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("the body of a request does not pickle or copy: it can hold passwords")


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


def json_body(document: Any) -> Body:
    """Encode a request body; dates and times in their ISO 8601 form, UUIDs in their canonical one.

    Raises:
        InvalidArgumentError: It holds what JSON has no form for.
    """
    try:
        # Not msgspec: it writes NaN as null, and an attrs class by the names that its attributes have here.
        return Body(json.dumps(_plain(document), allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode())
    except (TypeError, ValueError, RecursionError):
        del document  # it can hold passwords, and a traceback with locals would show them
    raise InvalidArgumentError("json holds a value that JSON has no form for")


def text_body(text: str, argument: str = "body") -> Body:
    """Encode a text in UTF-8.

    Raises:
        InvalidArgumentError: It is not a str, or holds half of a surrogate pair.
    """
    problem = "must be a str"
    if isinstance(text, str):
        try:
            return Body(text.encode())
        except UnicodeEncodeError:
            problem = "holds half of a surrogate pair, which UTF-8 has no form for"
    del text  # it can hold passwords, and a traceback with locals would show them
    raise InvalidArgumentError(f"{argument} {problem}")
