"""Pages that are fetched ahead: their order, their number, and what is left of them when the caller stops."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st
from yarl import URL

from aiomatatika import ApiKey, LinkError, MatatikaSession, ResponseError
from aiomatatika.paging.collection import Pages
from aiomatatika.testing import MatatikaServer

from .pages import LIST, Memory, numbers_of, page_of


def pages_of(total: int, size: int, *, links: bool = True, numbers: bool = True) -> Callable[[URL], dict[str, Any]]:
    """Return how a server with so many keys answers."""
    last = max(0, -(-total // size) - 1)

    def answer(url: URL) -> dict[str, Any]:
        number = int(url.query.get("page", "0"))
        page = {"size": size, "totalElements": total, "totalPages": -(-total // size), "number": number}
        return page_of(
            range(number * size, min(total, (number + 1) * size)),
            following=f"?page={number + 1}" if links and number < last else ...,
            page=page if numbers else None,
        )

    return answer


async def settle() -> None:
    """Let every task go on as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


def others() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {asyncio.current_task()}


@given(
    total=st.integers(0, 30),
    size=st.integers(1, 8),
    prefetch=st.integers(0, 5),
    turns=st.integers(0, 5),
    form=st.sampled_from([(True, True), (True, False), (False, True)]),
)
def test_whatever_the_collection_each_item_comes_once_and_in_order(
    total: int, size: int, prefetch: int, turns: int, form: tuple[bool, bool]
) -> None:
    links, numbers = form
    memory = Memory(pages_of(total, size, links=links, numbers=numbers), turns)

    async def walk() -> list[int]:
        return numbers_of([key async for key in memory.keys(prefetch=prefetch)])

    assert asyncio.run(walk()) == list(range(total))
    assert len(memory.sent) == len(set(memory.sent)) == max(1, -(-total // size))
    assert memory.most_flying <= max(1, prefetch)


@pytest.mark.parametrize("prefetch, links", [(1, True), (2, False), (4, False), (4, True)])
async def test_so_many_pages_are_ahead_of_the_caller_and_no_more(prefetch: int, links: bool) -> None:
    memory = Memory(pages_of(10, 1, links=links))
    taken = 0
    async for _ in memory.keys(prefetch=prefetch):
        taken += 1
        await settle()
        assert len(memory.sent) == min(10, taken + prefetch)


async def test_the_next_request_goes_out_before_the_page_that_came_is_read() -> None:
    good = pages_of(9, 1)
    memory = Memory(lambda url: [] if url.query.get("page") == "1" else good(url))
    with pytest.raises(ResponseError):
        await memory.keys(prefetch=2).collect()
    assert [url.query.get("page") for url in memory.sent] == [None, "1", "2", "3"]


async def test_pages_may_arrive_in_any_order(server: MatatikaServer, session: MatatikaSession) -> None:
    server.add_api_keys(5)
    held = server.faults.add(path=LIST, query={"page": "1"}, delay=(release := asyncio.Event()))
    later = server.faults.add(path=LIST, query={"page": "3"}, act=True)
    items = aiter(session.apikeys.list(size=1, prefetch=3))
    got = [(await anext(items)).id]
    await held.wait()
    await later.wait()
    release.set()
    assert got + [key.id async for key in items] == list(server.api_keys)


async def test_what_was_fetched_ahead_in_vain_is_dropped_where_the_links_lead_elsewhere() -> None:
    def answer(url: URL) -> dict[str, Any]:
        number = int(url.query.get("page", "0"))
        following = f"?page={number + 1}" + ("&extra=1" if number else "") if number < 3 else ...
        return page_of([number], following=following, page={"totalPages": 4, "totalElements": 4, "number": number})

    assert numbers_of(await Memory(answer).keys(prefetch=3).collect()) == [0, 1, 2, 3]
    assert not others()


# Leaving early


@pytest.mark.parametrize("prefetch", [0, 1, 3])
async def test_cancelled_at_any_moment_the_walk_leaves_no_task_and_can_go_on(prefetch: int) -> None:
    for moment in range(30):
        memory = Memory(pages_of(4, 1), turns=3)
        pages: Pages[ApiKey] = memory.keys(prefetch=prefetch).pages()
        got: list[int] = []

        async def walk(pages: Pages[ApiKey] = pages, got: list[int] = got) -> None:
            async for page in pages:
                got += numbers_of(page.items)

        task = asyncio.create_task(walk())
        for _ in range(moment):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        await settle()
        assert task.cancelled() or got == [0, 1, 2, 3]
        assert not others() or not task.cancelled()
        await walk()
        assert got == [0, 1, 2, 3]


def test_an_iteration_may_be_forgotten_after_its_loop_has_closed() -> None:
    async def begin() -> Pages[ApiKey]:
        pages = Memory(pages_of(9, 1)).keys(prefetch=3).pages()
        await anext(pages)
        return pages

    kept = [asyncio.run(begin())]
    kept.clear()
    gc.collect()


# Errors ahead


async def test_an_error_ahead_is_raised_when_its_turn_comes_and_is_silent_where_nobody_comes_to_see_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def answer(url: URL) -> Any:
        if url.query.get("page") == "2":
            raise LinkError("gone")
        return pages_of(9, 1)(url)

    got = []
    with pytest.raises(LinkError) as caught:
        async for key in Memory(answer).keys(prefetch=4):
            got.append(key.id.int)
            await settle()
    assert got == [0, 1]
    assert caught.value.next_url == "https://api.example.com/api/apikeys?page=2"
    async for _ in Memory(answer).keys(prefetch=4):
        await settle()
        break
    gc.collect()
    await settle()
    assert (others(), caplog.records) == (set(), [])
