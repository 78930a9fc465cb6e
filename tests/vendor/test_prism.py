"""The library against Prism, which makes up responses by the vendor's document, and judges each request by it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from aiomatatika import ApiError, BearerToken, Deployment, MatatikaSession, ResponseError, Retries
from aiomatatika.testing import MatatikaServer
from tests.resources.rows import ROWS
from tests.resources.test_reference import TABLE, result_of
from tests.resources.things import Things

from .differences import OF_CALLS
from .document import IS_HERE, KNOWN, READABLE
from .parts import prism

pytestmark = IS_HERE

# A call that differs and works all the same is a failure.
CALLS = [
    pytest.param(
        id, marks=pytest.mark.xfail(id in OF_CALLS, reason=OF_CALLS.get(id, ""), raises=(ApiError, ResponseError))
    )
    for id in ROWS
    if TABLE[id].id in KNOWN
]


@pytest.fixture(scope="module")
def prism_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    document = copy.deepcopy(READABLE)
    page = {"size": 20, "totalElements": 1, "totalPages": 1, "number": 0}  # of made-up numbers no walk ends
    for name, schema in document["components"]["schemas"]["PageMetadata"]["properties"].items():
        schema["enum"] = [page[name]]
    with prism(tmp_path_factory.mktemp("prism"), document) as url:
        yield url


@pytest.mark.parametrize("values", ["fixed", "random"])
@pytest.mark.parametrize("id", CALLS)
async def test_a_call(id: str, values: str, prism_url: str, server: MatatikaServer, session: MatatikaSession) -> None:
    things = Things(session, server)
    await things.make(ROWS[id].call)
    violations: list[str] = []

    async def look_at(_: Any, __: Any, end: aiohttp.TraceRequestEndParams) -> None:
        violations.extend(end.response.headers.getall("sl-violations", ()))

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(look_at)
    headers = {"Prefer": f"code={TABLE[id].statuses[0]}, dynamic={values == 'random'}".lower()}
    deployment = Deployment(f"{prism_url}/api", f"{prism_url}/oauth/token")
    async with (
        aiohttp.ClientSession(headers=headers, trace_configs=[trace]) as http,
        MatatikaSession(BearerToken("token"), deployment=deployment, http=http, retries=Retries(attempts=1)) as mocked,
    ):
        await result_of(id, mocked, things)
    assert violations == []
