"""Header fields that a caller adds to a request. They do not show: a value can be a secret. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NoReturn, final

from aiomatatika.errors import InvalidArgumentError
from aiomatatika.secret import Secret

__all__ = ["HeaderFields", "header_fields"]

# RFC 9110 sections 5.6.2 and 5.5, without bytes above ASCII, which each server reads in its own way.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(r"(?:[!-~]+(?:[ \t]+[!-~]+)*)?", re.ASCII)
_BY_THE_SESSION: Final = "the session sets it"
_OWNED: Final[Mapping[str, str]] = {
    "accept": "use accept=",
    "accept-encoding": _BY_THE_SESSION,
    "authorization": "the session sets it from its credentials",
    "connection": _BY_THE_SESSION,
    "content-length": "the session sets it from the body",
    "content-type": "use content_type=",
    "cookie": "the API takes tokens alone",
    "expect": _BY_THE_SESSION,
    "host": "the session sets it from its deployment",
    "keep-alive": _BY_THE_SESSION,
    "te": _BY_THE_SESSION,
    "trailer": _BY_THE_SESSION,
    "transfer-encoding": "the session sets it from the body",
    "upgrade": _BY_THE_SESSION,
    "user-agent": "use user_agent= of the session",
}
_SHOWN_OF_A_NAME = 60


@final
class HeaderFields:
    """Header fields by name, readable only through `reveal`. A debugger or a traceback with locals shows nothing."""

    # A function, not the fields: jsonpickle and others read whatever stands in an attribute.
    __slots__ = ("__fields",)

    __fields: Callable[[], Mapping[str, str]]

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.__fields = lambda: fields

    def reveal(self) -> Mapping[str, str]:
        """Return the fields."""
        return self.__fields()

    def __repr__(self) -> str:
        return "<HeaderFields hidden>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("the header fields of a request do not pickle or copy: they can be secrets")


def header_fields(headers: Mapping[str, str | Secret]) -> HeaderFields:
    """Return the header fields that a caller adds.

    Raises:
        InvalidArgumentError: A name or a value cannot be sent, or the field is the session's own. The message names the
            field, never its value.
    """
    try:
        problem = _problem(headers)
        if problem is None:
            return HeaderFields({name: _text(value) for name, value in headers.items()})
    finally:
        del headers  # a traceback with locals would show the values
    raise InvalidArgumentError(problem)


def _problem(headers: Mapping[str, str | Secret]) -> str | None:
    if not isinstance(headers, Mapping):
        return "headers must be a mapping of names and values"
    for name, value in headers.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            return "the name of a header field must be a token of ASCII characters"
        shown, key = name[:_SHOWN_OF_A_NAME], name.lower()
        reason = _OWNED.get(key, _BY_THE_SESSION if key.startswith("proxy-") else None)
        if reason is not None:
            return f"the header field {shown} cannot be given: {reason}"
        if not isinstance(value, str | Secret) or not _VALUE.fullmatch(_text(value)):
            return f"the header field {shown} must be a str or a Secret of visible ASCII characters and inner spaces"
    return None


def _text(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value
