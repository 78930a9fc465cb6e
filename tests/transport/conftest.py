"""An aiohttp session of the test's own, and a way to send one request over it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from yarl import URL

from aiomatatika import Repeat, Secret
from aiomatatika.transport.exchange import Attempt, exchange, standard_headers
from aiomatatika.transport.message import Request

from ..servers import LIMITS, Send


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield http


@pytest.fixture
def send(http: aiohttp.ClientSession) -> Send:
    """Send a request to a URL."""

    def send(
        url: str, method: str = "GET", limits: aiohttp.ClientTimeout = LIMITS, *, fresh: bool = False, **fields: Any
    ) -> Any:
        request = Request(method=method, url=URL(url), repeat=Repeat.SAFE, **fields)
        return exchange(http, Attempt(request, Secret("Bearer canary"), limits, fresh), standard_headers("agent/1"))

    return send
