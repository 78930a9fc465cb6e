"""What a key of a page costs, part by part: nearly each is one call into C for a whole column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from yarl import URL

from aiomatatika import ApiKey
from aiomatatika.decoding.converter import structure_list
from aiomatatika.decoding.json_text import decode_page
from aiomatatika.paging.page import read_page
from aiomatatika.transport.message import Request, Response
from aiomatatika.transport.repeat import Repeat
from benchmarks.payloads import API, KINDS, keys_page, written
from benchmarks.stages import Stage, best

__all__ = ["parts"]

_KEYS = 200


def parts() -> list[Stage]:
    """Time the parts; microseconds for one of 200 keys."""
    request = Request(method="GET", url=URL(f"{API}/apikeys"), repeat=Repeat.SAFE)
    measured: dict[str, Callable[[], object]] = {}
    for kind in KINDS:
        body = written(keys_page(0, _KEYS, 10_000), kind)
        rows: list[Any] = decode_page(body)["_embedded"]["apikeys"]
        response = Response(200, {}, body, request)
        measured |= {
            f"{kind}, plain dicts: `orjson.loads`": lambda body=body: orjson.loads(body),
            f"{kind}, dicts: `decode_page`": lambda body=body: decode_page(body),
            f"{kind}, dicts into keys: `structure_list`": lambda rows=rows: structure_list(rows, ApiKey, "apikeys"),
            f"{kind}, all of it, without the dicts: `read_page`": lambda response=response: read_page(
                response, ApiKey, "apikeys"
            ),
        }
    return [Stage(name, best(function) / _KEYS) for name, function in measured.items()]
