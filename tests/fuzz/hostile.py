"""What a hostile or broken server can send: texts, links, JSON documents and bytes, as hypothesis strategies.

Documents are good ones with a few wounds: that reaches deeper than documents drawn from nothing, and is faster.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

# Stands in hostile documents wherever a value may hold a secret: no text of ours may show it.
CANARY: Final = "cAnArYsEcReT0123456789"
_LEFT_OUT: Final = object()

# Characters over which parsers of URLs, headers and JSON disagree.
_ODD = "\x00\t\n\r \x7f\x85\xa0\u200b\u2028\u3002\uff0e\uff0f\ud800\U0001f600\\%/?#@:;|&=.[]{}\"'<>^`"
odd_texts: SearchStrategy[str] = st.text(st.sampled_from(_ODD) | st.characters(), max_size=6)
media_types: SearchStrategy[str] = st.sampled_from(["application/hal+json", "text/html; charset=x", ""]) | odd_texts

_SCALARS: Final[list[Any]] = [
    *(None, True, False, 0, -1, 1, 2, 7, 2**63, 2**64, 2**70, -(2**70), 0.0, -0.0, 0.5, 2.0, 1e300),
    *("", "0", "-1", "1e9", "9" * 5000, "null", "a\ud800b", "\x00", CANARY, CANARY * 40, [], {}, [[]], {"": {}}),
    *("2024-01-08T13:35:35.961073921", "2024-01-08T13:35:06Z", "2024-02-29T23:59:59+14:00", "2023-02-29T00:00"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2024-W01-1T00:00", "٢٠٢٤-01-08T13:35:35"),
    *("{00000000-0000-0000-0000-000000000001}", "00000000000000000000000000000001", "https://evil.example/", "/api/x"),
]
json_values: SearchStrategy[Any] = st.recursive(
    st.sampled_from(_SCALARS) | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


def _slots(document: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each place of a document: the object or array, and the name or index."""
    pending = [document]
    while pending:
        container = pending.pop()
        for place in list(container) if isinstance(container, dict) else range(len(container)):
            yield container, place
            if isinstance(container[place], dict | list):
                pending.append(container[place])


def _with_wounds(document: Any, wounds: list[tuple[int, Any]]) -> Any:
    holder = [copy.deepcopy(document)]
    for number, value in wounds:
        slots = list(_slots(holder))
        container, place = slots[number % len(slots)]
        if value is not _LEFT_OUT:
            container[place] = copy.deepcopy(value)
        elif container is not holder:
            del container[place]
    return holder[0]


def wounded(documents: SearchStrategy[Any], most: int = 3) -> SearchStrategy[Any]:
    """Return documents with up to so many places left out or filled with something else."""
    wound = st.tuples(st.integers(0, 199), st.just(_LEFT_OUT) | json_values)
    return st.builds(_with_wounds, documents, st.lists(wound, max_size=most))


def api_key(number: int) -> dict[str, Any]:
    """Return a key as the API writes it, with members that no class knows, and the canary where secrets can be."""
    return {
        "id": str(UUID(int=number)),
        "created": "2024-01-08T13:35:35.961073921",
        "lastModified": "2024-01-08T13:35:06.93044",
        "name": "nightly batch",
        "clientId": CANARY,
        "clientSecret": CANARY,
        "accessToken": CANARY,
        "profileId": "auth0|5eb0",
        CANARY: {"of": [CANARY]},
        "_embedded": {"profile": {"id": "auth0|5eb0", "name": CANARY}},
        "_links": {
            "self": {"href": f"https://app.matatika.com/api/apikeys/{UUID(int=number)}"},
            "update delete apikey": {"href": "https://app.matatika.com/api/apikeys/x", "type": "PUT"},
            "profile": [{"href": "/api/profiles/auth0%7C5eb0"}, {"href": CANARY, "templated": True}],
        },
    }


def _page(numbers: list[int], relation: str) -> dict[str, Any]:
    return {
        "_embedded": {relation: [api_key(number) for number in numbers]},
        "_links": {"self": {"href": "/api/apikeys"}, "next": {"href": "/api/apikeys?page=1"}},
        "page": {"size": 2, "totalElements": 5, "totalPages": 3, "number": 0},
    }


api_keys: SearchStrategy[Any] = wounded(st.integers(0, 7).map(api_key))
pages: SearchStrategy[Any] = wounded(
    st.builds(_page, st.lists(st.integers(0, 7), max_size=3), st.sampled_from(["apikeys", "apikeys", "n" * 900]))
)

_TOKENS: Final = [
    *(b"NaN", b"-Infinity", b"1e999", b"\\ud800", b"\\u0000", b"\xed\xa0\x80", b"\xff", b"\xef\xbb\xbf", b"\x00"),
    *(b"{", b"}", b"[", b"]", b",", b'"', b"//", b"-", b"0", b"\\u0022", b"\\\\u0022", b"1" * 400, b"[" * 2000, b" "),
]


def _damage(body: bytes, changes: list[tuple[int, bytes | int]]) -> bytes:
    for number, change in changes:
        at = number % (len(body) + 1)
        body = body[:at] + (change + body[at:] if isinstance(change, bytes) else body[at + change :])
    return body


def bodies(documents: SearchStrategy[Any]) -> SearchStrategy[bytes]:
    """Return the bytes of documents: whole, with bytes left out or put in, cut off, or no document at all."""
    whole = documents.map(lambda document: json.dumps(document).encode())
    changes = st.tuples(st.integers(0, 9999), st.sampled_from(_TOKENS) | st.sampled_from([1, 3, 10_000]))
    return whole | st.builds(_damage, whole, st.lists(changes, max_size=3)) | st.binary(max_size=20)


# JSON texts in which names can stand twice, with what can hide a quotation mark in them.
raw_strings: SearchStrategy[str] = st.lists(
    st.sampled_from(['\\"', "\\u0022", "\\\\", "u0022", "a", " ", "\\/", "\\n", "é"]), max_size=4
).map(lambda parts: '"' + "".join(parts) + '"')
raw_documents: SearchStrategy[str] = st.recursive(
    raw_strings | st.sampled_from(["1", "1.0", "-0", "1e2", "null", "true"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]")
        | st.lists(st.tuples(raw_strings, inner), max_size=3).map(
            lambda members: "{" + ",".join(f"{name}: {value}" for name, value in members) + "}"
        )
    ),
    max_leaves=8,
)
