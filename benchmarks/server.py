"""The fast server of the measurements: every answer is there as bytes before it is asked for a second time.

``/api/apikeys/{id}`` is one key, ``/api/apikeys/?size=n`` a collection of one page with n keys, of the mixed kind.
Below ``/t{total}d{ms}`` there is a collection of so many keys, each answer of which takes so many milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from functools import cache
from typing import Final
from urllib.parse import parse_qs

from benchmarks.payloads import compact, keys_page, one_key, written
from benchmarks.wire import Connection, answer_bytes, serve

__all__ = ["collection_root"]

_COLLECTION: Final = re.compile(r"/t(\d+)d(\d+)/apikeys/")
_TOKEN = answer_bytes(
    compact({"access_token": "bench-token", "token_type": "Bearer", "expires_in": 86_400}),
    content_type="application/json",
)
_counts: Counter[str] = Counter()


def collection_root(total: int, milliseconds: int = 0) -> str:
    """Return the path of the API that has so many keys and so much latency."""
    return f"/t{total}d{milliseconds}"


@cache
def _prebuilt(target: bytes) -> tuple[bytes, float]:
    """Return the answer to a GET and the seconds that it takes."""
    path, _, query_text = target.decode().partition("?")
    query = {name: int(values[0]) for name, values in parse_qs(query_text).items()}
    if match := _COLLECTION.fullmatch(path):
        page = keys_page(query.get("page", 0), query["size"], int(match[1]))
        return answer_bytes(compact(page)), int(match[2]) / 1000
    if query:
        return answer_bytes(written(keys_page(0, query["size"], query["size"]), "mixed")), 0.0
    return answer_bytes(compact(one_key(1))), 0.0


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
