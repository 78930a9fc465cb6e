"""The library against the mock that Prism makes of the vendor's document. Prism judges each request, and makes up the responses."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from aiomatatika import BearerToken, Collection, Deployment, Download, MatatikaSession, Retries
from aiomatatika.testing import MatatikaServer
from tests.resources.test_reference import ROWS, TABLE
from tests.resources.things import Things

from .document import IS_HERE, KNOWN, READABLE
from .parts import prism

pytestmark = IS_HERE


@pytest.fixture(scope="module")
def prism_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    document = copy.deepcopy(READABLE)
    page = {"size": 20, "totalElements": 1, "totalPages": 1, "number": 0}  # of made-up numbers no walk ends
    for name, schema in document["components"]["schemas"]["PageMetadata"]["properties"].items():
        schema["enum"] = [page[name]]
    with prism(tmp_path_factory.mktemp("prism"), document) as url:
        yield url


@pytest.mark.parametrize("values", ["static", "dynamic"])
@pytest.mark.parametrize("id", KNOWN)
async def test_a_call(
    id: str, values: str, prism_url: str, server: MatatikaServer, session: MatatikaSession
) -> None:
    things = Things(session, server)
    await things.make(ROWS[id].call)
    violations = []

    async def look_at(_: Any, __: Any, end: aiohttp.TraceRequestEndParams) -> None:
        violations.extend(end.response.headers.getall("sl-violations", ()))

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(look_at)
    wanted = f"code={TABLE[id].statuses[0]}, dynamic={values == 'dynamic'}".lower()
    async with (
        aiohttp.ClientSession(headers={"Prefer": wanted}, trace_configs=[trace]) as http,
        MatatikaSession(
            BearerToken("token"), deployment=Deployment(f"{prism_url}/api", f"{prism_url}/oauth/token"), http=http, retries=Retries(attempts=1)
        ) as mocked,
    ):
        result = ROWS[id].call(mocked, things)
        await (result.page() if isinstance(result, Collection) else result.read() if isinstance(result, Download) else result)
    assert violations == []
