"""What is particular to search."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from aiomatatika import InvalidArgumentError, MatatikaSession, ResponseError
from aiomatatika.testing import MatatikaServer

WORKSPACE = UUID("1b0c2d3e-4f5a-4b6c-8d7e-9f0a1b2c3d4e")


@pytest.mark.parametrize(
    "arguments, query",
    [
        ({"words": "big sales"}, "big sales"),
        ({"channels": ["a", "b&c=d"]}, "in:a in:b&c=d"),
        ({"tags": ("fantastic", "a+b#%20")}, "tag:fantastic tag:a+b#%20"),
        ({"words": "sales", "channels": ["my channel"], "tags": ["t"]}, "sales in:my channel tag:t"),
    ],
)
async def test_the_query_is_words_channels_and_tags(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, arguments: Any, query: str
) -> None:
    matatika_server.faults.add(path="/api/*", status=204)
    assert await matatika_session.search.datasets(WORKSPACE, size=5, **arguments).collect() == []
    assert matatika_server.requests.api[0].query == {"q": query, "size": "5"}


@pytest.mark.parametrize(
    "arguments", [{"channels": "sales"}, {"tags": [""]}, {"tags": [5]}], ids=["text", "empty", "number"]
)
def test_what_are_no_names_is_refused(matatika_session: MatatikaSession, arguments: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        matatika_session.search.datasets(WORKSPACE, **arguments)


async def test_a_search_without_terms_sends_no_query(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    id = matatika_server.tables["datasets"].add(title="all").id
    (found,) = await matatika_session.search.datasets(matatika_server.workspace_id).collect()
    assert str(found.id) == id
    assert matatika_server.requests.api[0].query == {}


async def test_msearch_sends_a_header_and_a_search_to_a_line(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(path="/api/*", status=200, json={"responses": [1, 2]})
    found = await matatika_session.search.msearch(WORKSPACE, {"query": "ü\n"}, {})
    assert found == {"responses": [1, 2]}
    (request,) = matatika_server.requests.api
    assert (request.path, request.headers["Content-Type"], request.body.decode()) == (
        f"/api/workspaces/{WORKSPACE}/datasets/_msearch",
        "text/plain; charset=utf-8",
        '{"preference":"search"}\n{"query":"ü\\n"}\n{"preference":"search"}\n{}\n',
    )


async def test_msearch_without_a_search_is_refused(matatika_session: MatatikaSession) -> None:
    with pytest.raises(InvalidArgumentError, match="at least one"):
        await matatika_session.search.msearch(WORKSPACE)


async def test_msearch_that_finds_nothing_is_empty(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(path="/api/*", status=204)
    assert await matatika_session.search.msearch(WORKSPACE, {}) == {}


async def test_an_array_is_no_response_of_msearch(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(path="/api/*", status=200, json=[])
    with pytest.raises(ResponseError, match="expected an object"):
        await matatika_session.search.msearch(WORKSPACE, {})
