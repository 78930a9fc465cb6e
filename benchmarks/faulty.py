"""The server of the soak: an API that answers each hundredth request with each kind of fault.

It keeps no state, so that every call has an answer at any time. ``/stall`` never answers, ``/drip`` never ends, and
``/counts`` tells how many faults of each kind there were and how many tokens were asked for.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
from collections import Counter
from typing import Any, Final

from benchmarks.documents import API, BY_RELATION, key_id, page_of
from benchmarks.kinds import compact
from benchmarks.wire import Connection, answer_bytes, serve

__all__ = ["PAGES", "TEMPLATE"]

PAGES: Final = 3
TEMPLATE: Final = "c0000000-0000-4000-8000-000000000000"
_SHARE: Final = 0.01
_KEYS: Final = BY_RELATION["apikeys"]


def _error(status: str, more: str = "") -> bytes:
    body = {"timestamp": "2024-01-08T13:35:35.961", "status": int(status[:3]), "error": status[4:], "path": "/api/x"}
    return answer_bytes(compact(body | {"message": "made up"}), status, "application/json", more)


def _key(**members: Any) -> bytes:
    return compact(_KEYS.resource(1, API) | members)


def _page(number: int, **members: Any) -> bytes:
    return compact(page_of(_KEYS, number, 2, 2 * PAGES) | members)


_TOKEN = compact({"access_token": "soak-token", "token_type": "Bearer", "expires_in": 86_400})
_NEW = _key(id=TEMPLATE, clientSecret="one-time")
_GARBLED = answer_bytes(b"\x1f\x8b\x08damaged", more="Content-Encoding: gzip\r\n")
_ERRORS = {
    "401": _error("401 Unauthorized", 'WWW-Authenticate: Bearer error="invalid_token"\r\n'),
    "403": _error("403 Forbidden"),
    "404": _error("404 Not Found"),
    "409": _error("409 Conflict"),
    "429": _error("429 Too Many Requests", "Retry-After: 1\r\n"),
    "500": _error("500 Internal Server Error"),
    "503": _error("503 Service Unavailable", "Retry-After: 2\r\n"),
    "HTML": answer_bytes(b"<html><h1>Bad gateway</h1>" + b"x" * 4000, "502 Bad Gateway", "text/html"),
    "redirect away": answer_bytes(b"", "302 Found", more="Location: https://evil.example/api/\r\n"),
    "garbage status line": b"HELLO 200 WORLD\r\n\r\n",
    "header without end": b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200_000,
    "damaged compression": _GARBLED,
    "broken JSON": answer_bytes(b'{"id": "5eb0'),
    "not JSON": answer_bytes(b"OK", content_type="text/plain"),
}
_DEATHS = ("dropped before", "dropped in the head", "dropped after", "reset", "cut body")
_BODIES = ("wrong type", "unsafe next")
KINDS: Final = (*_ERRORS, *_DEATHS, *_BODIES)


class _Faulty:
    """Answers, well or badly."""

    def __init__(self) -> None:
        self._random = random.Random(20_240_108)
        self.counts: Counter[str] = Counter()

    def __call__(self, connection: Connection, method: bytes, target: bytes) -> None:
        write = connection.transport.write
        if target == b"/oauth/token":
            self.counts["tokens"] += 1
            write(answer_bytes(_TOKEN, content_type="application/json"))
        elif target == b"/counts":
            write(answer_bytes(json.dumps(self.counts).encode()))
        elif target == b"/api/drip":
            write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
            self._drip(connection)
        elif target != b"/api/stall":
            self.counts["requests"] += 1
            drawn = int(self._random.random() / _SHARE)
            self._answer(connection, method, target, KINDS[drawn] if drawn < len(KINDS) else None)

    def _drip(self, connection: Connection) -> None:
        if not connection.transport.is_closing():
            connection.transport.write(b" ")
            asyncio.get_running_loop().call_later(0.02, self._drip, connection)

    def _answer(self, connection: Connection, method: bytes, target: bytes, fault: str | None) -> None:
        transport = connection.transport
        good = _good(method, target)
        if fault is None:
            transport.write(good)
            return
        self.counts[fault] += 1
        if fault in _DEATHS:
            _die(transport, fault, good)
            return
        transport.write(_ERRORS.get(fault) or _bad(target, fault))
        if fault == "garbage status line":
            transport.close()


def _good(method: bytes, target: bytes) -> bytes:
    if method == b"DELETE":
        return b"HTTP/1.1 204 No Content\r\n\r\n"
    if method == b"POST":
        return answer_bytes(_key(id=TEMPLATE, name=None, clientId=None))
    if method == b"PUT" and target.endswith(TEMPLATE.encode()):
        return answer_bytes(_NEW, "201 Created")
    if target.startswith(b"/api/apikeys?"):
        asked = target.partition(b"page=")[2][:1]
        return answer_bytes(_page(int(asked) if asked.isdigit() else 0))
    return answer_bytes(_key(id=str(key_id(1))))


def _bad(target: bytes, fault: str) -> bytes:
    if fault == "unsafe next":
        return answer_bytes(_page(0, _links={"next": {"href": "https://evil.example/api/apikeys/"}}))
    return answer_bytes(_page(0, _embedded={"apikeys": [{"id": 7}]}) if b"?" in target else _key(id=7))


def _die(transport: asyncio.Transport, fault: str, good: bytes) -> None:
    if fault == "reset":
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        return
    transport.write({"dropped before": b"", "dropped in the head": good[:30], "cut body": good[:-3]}.get(fault, good))
    transport.close()


if __name__ == "__main__":
    serve(_Faulty())
