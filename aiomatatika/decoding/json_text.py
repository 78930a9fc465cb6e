"""JSON texts into documents, and the forms that names and ids have in them.

What is no JSON comes back as a `Mismatch`: it is returned and not raised, so that no frame of a traceback holds the
text. No I/O.
"""

from __future__ import annotations

import json
import re
import types
from collections import Counter
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin

import msgspec

__all__ = [
    "CANONICAL_UUID",
    "Mismatch",
    "decode_json",
    "decode_unambiguous",
    "member",
    "value_type",
    "wire_name",
]

# Both cases spelled out: half the time of re.IGNORECASE.
CANONICAL_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_LEVELS = 250


class Mismatch(msgspec.Struct, frozen=True):
    """Why a document is not what was promised: where, and what was expected there."""

    text: str


_REPEATED = Mismatch("an object has two members of one name")
_TOO_DEEP = Mismatch("nested too deeply")


def wire_name(attribute: str) -> str:
    """Return the member name of an attribute: ``last_modified`` is ``lastModified`` on the wire."""
    first, *rest = attribute.split("_")
    return first + "".join(word.capitalize() for word in rest)


def value_type(kind: Any) -> Any:
    """Return the type of a field's values: ``UUID`` of ``UUID | None``."""
    if get_origin(kind) in {Union, types.UnionType}:
        inner = [each for each in get_args(kind) if each is not type(None)]
        if len(inner) == 1:
            return inner[0]
    return kind


def decode_json(body: bytes, content_type: str = "") -> Any:
    """Decode a JSON text in UTF-8, whatever charset the header names; a `Mismatch` where it is none.

    A byte order mark passes (RFC 8259 section 8.1 lets a parser ignore it). NaN, infinities, lone surrogates, nesting
    beyond 250 levels and an object with two members of one name are refused.
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    try:
        document = msgspec.json.decode(body)
        if _is_too_deep(body, document):
            return _TOO_DEEP
        return _REPEATED if _lost_a_member(body, document) else document
    except RecursionError:
        return _TOO_DEEP
    except (msgspec.MsgspecError, ValueError):  # the latter is Python's own, about UTF-8
        pass
    if not body:
        return Mismatch("the body is empty")
    return Mismatch(f"not JSON ({content_type or 'no content type'})")


def _is_too_deep(body: bytes, document: Any) -> bool:
    """Tell whether arrays and objects stand in each other beyond the limit: what comes after may be recursive."""
    if body.count(b"[") + body.count(b"{") <= _LEVELS:
        return False
    level = [document]
    for _ in range(_LEVELS):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list  # half the time of a set
        ]
        if not level:
            return False
    return True


def _lost_a_member(body: bytes, document: Any) -> bool:
    """Tell whether a name stands twice in an object: decoding has kept the last of the two without a word.

    Then the document, written again, has fewer quotation marks than the text that it was read from: nothing else can
    take one away, and an escaped one stays one. This costs a quarter of the decoding where the server writes
    no spaces, else as much again; a parser that hands each object to Python costs three times the decoding.
    """
    again = msgspec.json.encode(document)
    if again == body:
        return False
    quotes = body.count(b'"')
    if b"\\u0022" in body:
        quotes += body.replace(b"\\\\", b"").count(b"\\u0022")  # without escaped backslashes, whose u0022 is text
    return quotes != again.count(b'"')


def decode_unambiguous(body: bytes) -> Any:
    """Decode an answer that is not given again: members whose name stands twice are left out, and the others kept."""
    document = decode_json(body)
    return json.loads(body, object_pairs_hook=_once_named) if document is _REPEATED else document


def _once_named(members: list[tuple[str, Any]]) -> dict[str, Any]:
    times = Counter(name for name, _ in members)
    return {name: value for name, value in members if times[name] == 1}


def member(document: Any, name: str) -> Any:
    """Return a member of a JSON object; None where the document is none or has no such member."""
    return document.get(name) if isinstance(document, Mapping) else None
