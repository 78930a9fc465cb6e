"""Where the library's own microseconds go: a ladder from bare aiohttp to a whole call, and single functions.

The rungs of the ladder are real requests, measured side by side: each adds one of the library's duties to the one
before. The functions are timed alone, best of many, with nothing else in the way.
"""

from __future__ import annotations

import asyncio
import time
import timeit
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
import orjson
from aiohttp import ClientTimeout
from yarl import URL

from aiomatatika import ApiKey, BearerToken, Deployment, MatatikaSession, Secret
from aiomatatika.decoding.converter import structure, structure_list
from aiomatatika.decoding.documents import Content, read_resource
from aiomatatika.decoding.json_text import decode_json, decode_page
from aiomatatika.paging.page import read_page
from aiomatatika.transport.exchange import Attempt, exchange, standard_headers
from aiomatatika.transport.message import Request, Response
from aiomatatika.transport.repeat import Repeat
from benchmarks.documents import BY_RELATION, key_id
from benchmarks.kinds import MIXED, ODD, written_page, written_resource
from benchmarks.measure import interleaved
from benchmarks.variants.ours import ALIAS

__all__ = ["Stage", "best", "functions", "ladder"]

_CALLS = 200


@dataclass(frozen=True)
class Stage:
    """A step and its microseconds."""

    name: str
    microseconds: float


async def ladder(url: str, rounds: int) -> list[Stage]:
    """Measure the rungs; each figure is the best of its rounds: the rungs are close, and only that is steady."""
    key = key_id(ODD)
    deployment = Deployment(f"{url}/{MIXED}/api", alias_hosts=ALIAS)
    target = URL(f"{url}/{MIXED}/api/apikeys/{key}")
    limits = ClientTimeout(total=None, connect=10, sock_read=30)
    token = Secret("Bearer bench-token")
    request = Request(method="GET", url=target, repeat=Repeat.SAFE)
    headers = {"Accept": request.accept, "Accept-Encoding": "gzip, deflate", "User-Agent": "bench"}

    async def guard(sent: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        return await handler(sent)

    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
        MatatikaSession(BearerToken("bench-token"), deployment=deployment) as session,
    ):
        client = session._client

        async def bare() -> None:
            async with http.get(target) as response:
                await response.read()

        async def dressed() -> None:
            async with http.get(target, headers=headers, timeout=limits, allow_redirects=False) as response:
                await response.read()

        async def guarded() -> None:
            async with http.get(
                target, headers=headers, timeout=limits, allow_redirects=False, middlewares=(guard,)
            ) as response:
                await response.read()

        async def exchanged() -> None:
            await exchange(http, Attempt(request, token, limits), standard_headers("bench"))

        async def sent() -> None:
            await client.send(request)

        async def whole() -> None:
            await session.apikeys.get(key)

        rungs: dict[str, Callable[[], Awaitable[object]]] = {
            "aiohttp + `read()`": bare,
            "… with headers, timeouts and redirects off": dressed,
            "… with a middleware": guarded,
            "`transport.exchange.exchange`: sent once, body capped, failures sorted": exchanged,
            "`Client.send`: deadline, token, close, repeats": sent,
            "`apikeys.get`: decoded and structured": whole,
        }
        seconds = await interleaved({name: _repeated(rung) for name, rung in rungs.items()}, _CALLS, rounds)
    return [Stage(name, min(each) * 1e6) for name, each in seconds.items()]


def _repeated(rung: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
    async def batch() -> None:
        for _ in range(_CALLS):
            await rung()

    return batch


async def functions() -> list[Stage]:
    """Time single functions; best of many, because what disturbs a run can only make it longer."""
    url = URL("https://app.matatika.com/api/apikeys")
    async with MatatikaSession(BearerToken("bench-token")) as session:
        client, key, keys = session._client, key_id(ODD), BY_RELATION["apikeys"]
        one, page = written_resource(keys, MIXED), written_page(keys, MIXED, 200)
        response = Response(200, {}, page, Request(method="GET", url=url, repeat=Repeat.SAFE))
        document, items = orjson.loads(one), orjson.loads(page)["_embedded"]["apikeys"]
        following = "https://app.matatika.com/api/apikeys?page=1&size=200"

        async def timeout() -> None:
            async with asyncio.timeout(60):  # noqa: ASYNC100  # it is its own cost that is wanted
                pass

        plain: dict[str, Callable[[], object]] = {
            "`orjson.loads`, one key": lambda: orjson.loads(one),
            "`decode_json`, one key": lambda: decode_json(one),
            "`structure`, one key": lambda: structure(document, ApiKey),
            "`read_resource`, one key, both of these": lambda: read_resource(Content(one, {}), ApiKey),
            "`orjson.loads`, 200 keys": lambda: orjson.loads(page),
            "`decode_page`, 200 keys": lambda: decode_page(page),
            "`structure_list`, 200 keys": lambda: structure_list(items, ApiKey, "apikeys"),
            "`read_page`, 200 keys, without the dicts": lambda: read_page(response, ApiKey, "apikeys"),
            "`ApiRoot.resolve`, a next link": lambda: client.state.root.resolve(following, url),
            "`Client.at`, the URL of a key": lambda: client.at(f"/apikeys/{key}"),
            "`Request(…)`": lambda: Request(method="GET", url=url, repeat=Repeat.SAFE),
        }
        awaited: dict[str, Callable[[], Awaitable[object]]] = {
            "`TokenSource.get`, a good token": lambda: client.state.tokens.get(lambda: 60.0),
            "`asyncio.timeout`, entered and left": timeout,
            "`asyncio.sleep(0)`": lambda: asyncio.sleep(0),
        }
        stages = [Stage(name, best(function)) for name, function in plain.items()]
        return stages + [Stage(name, await _best_awaited(function)) for name, function in awaited.items()]


def best(function: Callable[[], object]) -> float:
    """Return the microseconds of the best of many runs."""
    timer = timeit.Timer(function)
    number = max(1, int(0.002 / min(timer.repeat(3, 1))))
    return min(timer.repeat(30, number)) / number * 1e6


async def _best_awaited(function: Callable[[], Awaitable[object]], number: int = 500) -> float:
    best = float("inf")
    for _ in range(30):
        began = time.perf_counter()
        for _ in range(number):
            await function()
        best = min(best, time.perf_counter() - began)
    return best / number * 1e6
