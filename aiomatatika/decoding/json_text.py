"""JSON texts into documents, and the forms that names and ids have in them.

What is not JSON comes back as a `Mismatch`: it is returned and not raised, so that no frame of a traceback holds the
text. No document takes longer than a tenth of a second to decode. No I/O.
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from typing import Any, Final, Union, get_args, get_origin

import msgspec

from aiomatatika.display import shown

__all__ = [
    "CANONICAL_UUID",
    "LARGE",
    "Mismatch",
    "decode_json",
    "decode_page",
    "has_too_many_values",
    "is_sound",
    "media_type",
    "member",
    "value_type",
    "wire_name",
]

# Both cases spelled out: half the time of re.IGNORECASE.
CANONICAL_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
LARGE = 2**20
"""Bytes from which on a body is read off the event loop, where that can be done."""
_NO_HEADERS: Final[Mapping[str, str]] = {}
_MAX_LEVELS = 250
# Of a large document, so that no call of the decoder or of what looks at its work takes longer than 0.1 s; a smaller
# one cannot hold enough to matter. A page of 16 MiB has fewer.
_MAX_VALUES = 600_000
_MAX_CONTAINERS_OF_PAGES = 200_000
_MAX_CONTAINERS = 100_000


class Mismatch(msgspec.Struct, frozen=True):
    """Why a document is not what was promised: where, and what was expected there."""

    text: str


_REPEATED = Mismatch("an object has two members of one name")
_TOO_DEEP = Mismatch("nested too deeply")
_TOO_MANY = Mismatch("more values than a response is read with: use session.download")


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


def decode_json(body: bytes, headers: Mapping[str, str] = _NO_HEADERS) -> Any:
    """Decode a JSON text in UTF-8, whatever charset the header names; a `Mismatch` where it is not one.

    A byte order mark passes (RFC 8259 section 8.1 lets a parser ignore it). NaN, infinities, lone surrogates, nesting
    beyond 250 levels and an object with two members of one name are refused.
    """
    body = body.removeprefix(_BOM)
    document = _decode(body, headers, _MAX_CONTAINERS)
    if isinstance(document, Mismatch):
        return document
    if _brackets(body) > _MAX_LEVELS and _is_too_deep(document):
        return _TOO_DEEP
    again = msgspec.json.encode(document)
    return _REPEATED if again != body and _lost_a_member(body, again) else document


def is_sound(body: bytes, document: Any) -> bool:
    """Tell whether no name stands twice in a body, and nothing in it is nested too deeply, as in `decode_json`.

    Args:
        body: The body, of less than a MiB.
        document: What it was decoded into; the members of an object may stand in another order.
    """
    if _lost_quotation_marks(body, msgspec.json.encode(document)):
        return False
    return (_ARRAY not in body and len(body) < _DEEP_OBJECTS) or _brackets(body) <= _MAX_LEVELS


def decode_page(body: bytes, headers: Mapping[str, str] = _NO_HEADERS) -> Any:
    """Decode a JSON text of many objects, as `decode_json` does, but for two things that would take half as long again.

    Of two members of one name the last one counts, and nesting ends where the decoder ends it, by Python's own limit.
    """
    return _decode(body.removeprefix(_BOM), headers, _MAX_CONTAINERS_OF_PAGES)


_BOM = b"\xef\xbb\xbf"
_BACKSLASH = ord("\\")
_ARRAY = ord("[")
# Objects in each other have two brackets each, two quotation marks and a colon.
_DEEP_OBJECTS = 5 * _MAX_LEVELS


def has_too_many_values(body: bytes, max_containers: int = _MAX_CONTAINERS_OF_PAGES) -> bool:
    """Tell whether decoding a body could take long; a page, unless something else is said."""
    # Commas and brackets in strings count as well: no document that is read has that many.
    return len(body) > LARGE and (
        body.count(b"{") + body.count(b"[") > max_containers or body.count(b",") >= _MAX_VALUES
    )


def _decode(body: bytes, headers: Mapping[str, str], max_containers: int) -> Any:
    if has_too_many_values(body, max_containers):
        return _TOO_MANY
    try:
        return msgspec.json.decode(body)
    except RecursionError:
        return _TOO_DEEP
    except (msgspec.MsgspecError, ValueError):  # the latter is Python's own, about UTF-8
        pass
    declared = media_type(headers.get("Content-Type", "")) or "no content type"
    return Mismatch(f"not JSON ({declared})" if body else "the body is empty")


def media_type(content_type: str) -> str:
    """Return the media type that a Content-Type header names, without parameters, fit for a message."""
    return shown(content_type.partition(";")[0].strip().lower())


def _brackets(body: bytes) -> int:
    """Count the opening brackets, in half the time of `bytes.count`."""
    return 2 * len(body) - len(body.replace(b"[", b"")) - len(body.replace(b"{", b""))


def _is_too_deep(document: Any) -> bool:
    """Tell whether arrays and objects stand in each other beyond the limit: what comes after may be recursive."""
    level = [document]
    for _ in range(_MAX_LEVELS):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list  # half the time of a set
        ]
        if not level:
            return False
    return True


def _lost_a_member(body: bytes, again: bytes) -> bool:
    """Tell whether a name stands twice in an object: decoding has kept the last of the two without a word.

    Then the document, written ``again``, is not the text without its spaces, and has lost quotation marks. Writing it
    costs half of the decoding where the server writes no spaces, else as much again; a parser that hands each object to
    Python costs three times the decoding.
    """
    return msgspec.json.format(body, indent=-1) != again and _lost_quotation_marks(body, again)


def _lost_quotation_marks(body: bytes, again: bytes) -> bool:
    """Tell whether a document, written ``again``, has fewer quotation marks than its text.

    Nothing but the loss of a member takes one away, and an escaped one stays one.
    """
    marks = body.count(b'"')
    if _BACKSLASH in body and b"\\u0022" in body:  # the former is looked for in a tenth of the time
        marks += body.replace(b"\\\\", b"").count(b"\\u0022")  # without escaped backslashes, whose u0022 is text
    return marks != again.count(b'"')


def member(document: Any, name: str) -> Any:
    """Return a member of a JSON object; None where the document is none or has no such member."""
    return document.get(name) if isinstance(document, Mapping) else None
