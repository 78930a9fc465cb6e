"""The fast server of the measurements: every answer is there as bytes before it is asked for a second time.

Paths begin with the kind of the documents. Below ``/{kind}/api``, ``…/{relation}?size=n`` is a collection of one page
with n resources, and ``…/{relation}/{id}`` one resource. Below ``/{kind}/t{total}d{ms}`` each collection has so many
resources, and each answer takes so many milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from functools import cache
from typing import Final
from urllib.parse import parse_qs

from benchmarks.documents import BY_RELATION
from benchmarks.kinds import MIXED, compact, written_page, written_resource
from benchmarks.wire import Connection, answer_bytes, serve

__all__ = ["collection_root"]

_PATH: Final = re.compile(
    r"/(?P<kind>[a-z-]+)/(?:api|t(?P<total>\d+)d(?P<ms>\d+))(?:/[^/]+/[^/]+)?/(?P<relation>[a-z]+)"
)
_TOKEN = answer_bytes(
    compact({"access_token": "bench-token", "token_type": "Bearer", "expires_in": 86_400}),
    content_type="application/json",
)
_counts: Counter[str] = Counter()


def collection_root(total: int, milliseconds: int = 0, kind: str = MIXED) -> str:
    """Return the path of the API that has so many resources and so much latency."""
    return f"/{kind}/t{total}d{milliseconds}"


@cache
def _prebuilt(target: bytes) -> tuple[bytes, float]:
    """Return the answer to a GET and the seconds that it takes."""
    path, _, query_text = target.decode().partition("?")
    query = {name: int(values[0]) for name, values in parse_qs(query_text).items()}
    if match := _PATH.fullmatch(path):
        subject, total = BY_RELATION[match["relation"]], int(match["total"]) if match["total"] else None
        page = written_page(subject, match["kind"], query.get("size", 20), query.get("page", 0), total)
        return answer_bytes(page), int(match["ms"] or 0) / 1000
    _, kind, *_, relation, _ = path.split("/")
    return answer_bytes(written_resource(BY_RELATION[relation], kind)), 0.0


def _answer(connection: Connection, method: bytes, target: bytes) -> None:
    if method == b"POST":
        _counts["tokens"] += 1
        connection.transport.write(_TOKEN)
    elif target == b"/counts":
        connection.transport.write(answer_bytes(json.dumps(_counts).encode()))
    else:
        answer, seconds = _prebuilt(target)
        if seconds:
            asyncio.get_running_loop().call_later(seconds, connection.transport.write, answer)
        else:
            connection.transport.write(answer)


if __name__ == "__main__":
    serve(_answer)
