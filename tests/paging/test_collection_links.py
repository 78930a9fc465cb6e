"""Where the walk goes on: links of every shape, page numbers without links, and servers that lead astray."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from aiomatatika import LinkError, MatatikaSession, PaginationError, ResponseError, UnsafeLinkError
from aiomatatika.testing import MatatikaServer
from aiomatatika.testing.faults import Fault

from .pages import LIST, numbers_of, page_of, serve


async def walk(session: MatatikaSession, error: type[Exception] | None = None, **options: Any) -> list[int]:
    """Return the numbers of the keys that a walk delivers, until its end or until this error."""
    got: list[int] = []
    if error is None:
        return numbers_of([key async for key in session.apikeys.list(**options)])
    with pytest.raises(error):
        async for page in session.apikeys.list(**options).pages():
            got += numbers_of(page.items)
    return got


def without_next(server: MatatikaServer, **members: Any) -> Fault:
    """Have the server send no `next` link with any page, and these members in its page object."""

    def edit(document: Any) -> None:
        document["_links"].pop("next", None)
        document["page"] |= members

    return server.faults.add(method="GET", path=LIST, edit=edit, times=None)


# Links


@pytest.mark.parametrize(
    "href", ["?page=1", "/api/apikeys?page=1", "./?page=1", "../apikeys?page=1", "{url}/api/apikeys?page=1"]
)
async def test_a_link_is_resolved_against_the_page_that_holds_it(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, href: str
) -> None:
    serve(matatika_server, page_of([1], following=href.format(url=matatika_server.url)), page_of([2]))
    assert await walk(matatika_session) == [1, 2]
    second = matatika_server.requests.api[1]
    assert (second.path, second.query) == (LIST, {"page": "1"})


async def test_a_link_in_an_array_of_one_is_that_link(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    serve(matatika_server, page_of([1], following=[{"href": "?page=1"}]), page_of([2]))
    assert await walk(matatika_session) == [1, 2]


@pytest.mark.parametrize("links", [None, [], {}, {"next": None}, {"next": []}, {"next": {}}])
async def test_without_a_link_the_walk_is_over(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, links: Any
) -> None:
    serve(matatika_server, page_of([1], _links=links))
    assert await walk(matatika_session) == [1]


async def test_two_next_links_are_no_way_to_go(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    serve(matatika_server, page_of([1], following=[{"href": "?page=1"}, {"href": "?page=2"}]))
    assert await walk(matatika_session, PaginationError) == [1]
    assert matatika_server.requests.methods() == ["GET"]


@pytest.mark.parametrize(
    "links, where",
    [
        ("x", "_links"),
        (5, "_links"),
        ({"next": 5}, "_links.next.href"),
        ({"next": "?page=1"}, "_links.next.href"),
        ({"next": {"href": 5}}, "_links.next.href"),
        ({"next": {"href": None}}, "_links.next.href"),
        ({"next": [None]}, "_links.next.href"),
    ],
)
async def test_a_link_of_another_type_is_a_response_error(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, links: Any, where: str
) -> None:
    serve(matatika_server, page_of([1], _links=links))
    with pytest.raises(ResponseError, match=f"^{where}: expected"):
        await matatika_session.apikeys.list().collect()


@pytest.mark.parametrize(
    "href",
    [
        "https://elsewhere.example/api/apikeys?page=1",
        "//elsewhere.example/api/apikeys/",
        "http://127.0.0.1:1/api/apikeys?page=1",
        "http://user@127.0.0.1/api/apikeys/",
        "/oauth/token",
        "../../x",
        "javascript:alert(1)",
        "?page=1 2",
    ],
)
async def test_an_unsafe_link_is_not_followed_and_the_items_before_it_are_delivered(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, href: str
) -> None:
    serve(matatika_server, page_of([1, 2], following=href))
    pages = matatika_session.apikeys.list().pages()
    page = await anext(pages)
    assert numbers_of(page.items) == [1, 2]
    assert page.next_url is None
    with pytest.raises(UnsafeLinkError) as caught:
        await anext(pages)
    assert caught.value.next_url == f"{matatika_server.url}{LIST}"
    assert [page async for page in pages] == []
    assert matatika_server.requests.methods() == ["GET"]


async def test_links_that_name_an_alias_host_lead_to_the_configured_one() -> None:
    async with MatatikaServer(alias_host="app.example.com", page_size=2) as server, server.session() as session:
        server.add_api_keys(4)
        pages = [page async for page in session.apikeys.list().pages()]
        assert [key.id for page in pages for key in page.items] == list(server.api_keys)
        assert pages[0].next_url == f"{server.url}{LIST}?page=1&size=2"
        assert {request.headers["Host"] for request in server.requests} == {server.url.removeprefix("http://")}


async def test_an_empty_page_with_a_link_is_not_the_end(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    serve(matatika_server, page_of([1], following="?page=1"), page_of([], following="?page=2"), page_of([2]))
    assert await walk(matatika_session) == [1, 2]


# No way forward


@pytest.mark.parametrize("href", ["", "?", "/api/apikeys", "{url}/api/apikeys/"])
async def test_a_page_that_leads_to_itself_is_a_loop(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, href: str
) -> None:
    serve(matatika_server, page_of([1], following=href.format(url=matatika_server.url)))
    assert await walk(matatika_session, PaginationError) == [1]
    assert matatika_server.requests.methods() == ["GET"]


@pytest.mark.parametrize("n", [2, 3, 7])
async def test_pages_that_lead_back_are_a_loop(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, n: int
) -> None:
    serve(matatika_server, *(page_of([number], following=f"?page={(number + 1) % n}") for number in range(n)))
    assert await walk(matatika_session, PaginationError, page=0) == list(range(n))
    assert len(matatika_server.requests.api) == n


async def test_the_error_of_a_loop_names_the_page_that_closes_it(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    serve(matatika_server, page_of([1], following="?page=1"), page_of([2], following="/api/apikeys"))
    with pytest.raises(PaginationError, match="loop") as caught:
        await matatika_session.apikeys.list().collect()
    assert isinstance(caught.value, LinkError)
    assert caught.value.next_url == f"{matatika_server.url}{LIST}?page=1"


async def test_new_urls_that_hold_the_same_items_stand_still(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(path=LIST, json=page_of([1, 2], following="?page=1"))
    matatika_server.faults.add(path=LIST, json=page_of([1, 2], following="?page=2"), times=None)
    with pytest.raises(PaginationError, match="same items"):
        await matatika_session.apikeys.list().collect()
    assert len(matatika_server.requests.api) == 2


@pytest.mark.parametrize("number", [0, 1])
async def test_a_page_number_that_does_not_grow_stands_still(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, number: int
) -> None:
    serve(
        matatika_server,
        page_of([1], following="?page=2", page={"number": 1}),
        page_of([2], following="?page=3", page={"number": number}),
    )
    with pytest.raises(PaginationError, match=f"page {number} came after page 1"):
        await walk(matatika_session)


async def test_a_key_that_comes_again_is_not_delivered_again(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    serve(
        matatika_server, page_of([1, 2, 2], following="?page=1"), page_of([2, 3], following="?page=2"), page_of([1, 4])
    )
    assert await walk(matatika_session) == [1, 2, 3, 4]


# Page numbers, where there are no links


async def test_without_links_the_walk_goes_on_by_page_number(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, caplog: pytest.LogCaptureFixture
) -> None:
    matatika_server.add_api_keys(44)
    without_next(matatika_server)
    keys = [key.id async for key in matatika_session.apikeys.list(sort="name,asc", size=20)]
    assert sorted(keys) == sorted(matatika_server.api_keys)
    assert [request.query for request in matatika_server.requests.api] == [
        {"size": "20", "sort": "name,asc"},
        {"size": "20", "sort": "name,asc", "page": "1"},
        {"size": "20", "sort": "name,asc", "page": "2"},
    ]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_without_links_and_a_count_of_pages_the_items_are_counted(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.add_api_keys(44)
    without_next(matatika_server, totalPages=None)
    assert len(await matatika_session.apikeys.list().collect()) == 45


@pytest.mark.parametrize("start", [None, 1])
async def test_without_links_and_numbers_the_pages_are_counted(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, start: int | None
) -> None:
    matatika_server.add_api_keys(44)
    without_next(matatika_server, number=None)
    keys = await matatika_session.apikeys.list(page=start).collect()
    assert len({key.id for key in keys}) == len(keys) == (45 if start is None else 25)


async def test_a_server_that_ignores_the_page_number_is_found_out(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    page = {"size": 2, "totalElements": 4, "totalPages": 2, "number": 0}
    matatika_server.faults.add(path=LIST, json=page_of([1, 2], page=page), times=None)
    assert await walk(matatika_session, PaginationError) == [1, 2]
    assert len(matatika_server.requests.api) == 2


async def test_a_server_that_answers_the_same_items_under_another_number_is_found_out(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    for number in range(2):
        serve(matatika_server, page_of([1, 2], page={"totalElements": 4, "totalPages": 2, "number": number}))
    assert await walk(matatika_session, PaginationError) == [1, 2]


# What does not add up


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


async def test_a_total_that_changes_on_the_way_is_one_warning_and_no_key_comes_twice(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, caplog: pytest.LogCaptureFixture
) -> None:
    matatika_server.add_api_keys(9)
    got = []
    async for page in matatika_session.apikeys.list(size=2, sort="created,desc").pages():
        got += [key.id for key in page.items]
        matatika_server.add_api_keys(1)  # the rest moves by one
    assert len(got) == len(set(got)) == 10
    (warning,) = warnings_of(caplog)
    assert (
        warning == f"<Collection of ApiKey at {LIST}>: the number of items changed during the walk: some may be missing"
    )


async def test_links_that_end_before_the_last_page_are_one_warning(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, caplog: pytest.LogCaptureFixture
) -> None:
    page = {"size": 1, "totalElements": 5, "totalPages": 5}
    serve(
        matatika_server,
        page_of([1], following="?page=1", page=page | {"number": 0}),
        page_of([2], page=page | {"number": 1}),
    )
    assert await walk(matatika_session) == [1, 2]
    (warning,) = warnings_of(caplog)
    assert "the next links end before the last page" in warning


async def test_another_number_of_items_than_the_server_counts_is_one_warning(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, caplog: pytest.LogCaptureFixture
) -> None:
    serve(matatika_server, page_of([1, 2], page={"size": 20, "totalElements": 3, "totalPages": 1, "number": 0}))
    assert await walk(matatika_session) == [1, 2]
    (warning,) = warnings_of(caplog)
    assert "another number of items than the server counts" in warning


async def test_a_walk_that_begins_in_the_middle_need_not_add_up(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, caplog: pytest.LogCaptureFixture
) -> None:
    matatika_server.add_api_keys(4)
    assert len(await walk(matatika_session, page=1, size=2)) == 3
    assert warnings_of(caplog) == []
