"""I: query parameters. What each kind of value becomes: `tests/transport/test_query`."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from aiomatatika import InvalidArgumentError, Repeat
from aiomatatika.transport.query import QueryValue

from .conftest import Witness
from .wires import raw_server, session_at

EMPTY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


async def test_I15_query_parameters(witness: Witness) -> None:
    values: dict[str, QueryValue] = {
        "list": ["name,asc", "created,desc"],
        "tuple": (1, 2),
        "bool": True,
        "none": None,
        "time": datetime(2026, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=1))),
        "kind": Repeat.SAFE,
    }
    expected = b"list=name,asc&list=created,desc&tuple=1&tuple=2&bool=true&time=2026-01-02T02:04:00&kind=safe"
    async with raw_server(EMPTY) as raw, session_at(raw.url) as session:
        await session.request("GET", "/x?a=%FF", params=values)
        await session.request("GET", "/x", params=list(values.items()))
        await session.apikeys.list(sort=["name,asc", "created,desc"]).page()
        for value in (b"x", {"a": 1}, object(), [b"x"], float("nan")):
            for params in ({"q": value}, [("q", value)]):
                with witness.raises(InvalidArgumentError):
                    await session.request("GET", "/apikeys", params=params)  # type: ignore[arg-type]  # that is tested
    assert [request.split(b" ")[1] for request in raw.requests] == [
        b"/api/x?a=%FF&" + expected,
        b"/api/x?" + expected,
        b"/api/apikeys?sort=name,asc&sort=created,desc",
    ]
