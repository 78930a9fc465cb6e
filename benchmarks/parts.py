"""What a key of a page costs, part by part: nearly each is one call into C for a whole column."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import repeat
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson

from aiomatatika import ApiKey, Links, Secret
from aiomatatika.decoding.promised import _KINDS, _fields, _page_decoder, exact_page
from benchmarks.payloads import compact, keys_page
from benchmarks.stages import Stage, best

__all__ = ["parts"]

_KEYS = 200
_SLOTS = ("id", "created", "last_modified", "name", "client_id", "profile_id")


def _run(calls: Iterable[object]) -> None:
    deque(calls, maxlen=0)


def parts() -> list[Stage]:
    """Time the parts; microseconds for one of 200 keys."""
    body = compact(keys_page(0, _KEYS, 10_000))
    fields = _fields(ApiKey)
    assert fields is not None
    decoder = _page_decoder(fields.struct, "apikeys")
    rows = decoder.decode(body).embedded.rows
    resources: list[Any] = list(map(object.__new__, repeat(ApiKey, _KEYS)))
    links = [row.links for row in rows]
    stamp = next(kind for of, kind in _KINDS.items() if of not in {str, UUID, Secret})

    def column(name: str) -> Callable[[], object]:
        setter = getattr(ApiKey, name).__set__
        return lambda: _run(map(setter, resources, map(attrgetter(name), rows)))

    def all_of(*functions: Callable[[], object]) -> Callable[[], object]:
        return lambda: [function() for function in functions]

    created = [row.created for row in rows]
    ids = [row.id for row in rows]
    measured: dict[str, Callable[[], object]] = {
        "plain dicts: `orjson.loads`": lambda: orjson.loads(body),
        "all of it: `exact_page`": lambda: exact_page(body, ApiKey, "apikeys"),
        "decoding into structs": lambda: decoder.decode(body),
        "no name stands twice: counting quotation marks": lambda: body.count(b'"'),
        "empty objects": lambda: list(map(object.__new__, repeat(ApiKey, _KEYS))),
        "six slots filled from the structs": all_of(*map(column, _SLOTS)),
        "a UUID": lambda: _run(_KINDS[UUID].column(ids)),
        "two timestamps, in UTC": all_of(*2 * [lambda: _run(stamp.column(created))]),
        "`Links`": lambda: _run(map(Links, links)),
    }
    return [Stage(name, best(function) / _KEYS) for name, function in measured.items()]
