"""The walk over pages that a server makes up as it likes: it ends, delivers nothing twice, asks only the API."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import given, strategies as st
from yarl import URL

from aiomatatika import ApiKey, LinkError, MatatikaError, Page, ResponseError

from ..paging.pages import Memory, numbers_of, page_of
from .hostile import pages, wounded

MOST_PAGES: Final = 12
PAGES: Final = 5

# Where a next link leads: another page of the five (forward, back, itself), a place beyond them, or off the API.
_NEXT: Final = [
    *("?page={n}", "/api/apikeys?page={n}", "https://api.example.com/api/apikeys?page={n}", "?page={n}&page={n}"),
    *("http://API.example.com/api/apikeys?page={n}", "?cursor={n}", "../apikeys?page=0{n}", "?x={n}#fragment"),
    *(
        "",
        "https://evil.example/api/apikeys?page={n}",
        "https://api.example.com@evil.example/api",
        "/etc",
        "\\",
        "{{n}}",
    ),
]
following = st.builds(lambda form, n: form.replace("{n}", str(n)), st.sampled_from(_NEXT), st.integers(0, PAGES))
page_objects = st.fixed_dictionaries(
    {},
    optional={
        "number": st.integers(0, PAGES),
        "size": st.integers(0, 3),
        "totalElements": st.integers(0, 9),
        "totalPages": st.integers(0, PAGES + 1),
    },
)
documents = st.builds(
    lambda numbers, next_href, page: page_of(numbers, following=next_href, page=page),
    st.lists(st.integers(0, 9), max_size=3),
    following | st.just(...),
    page_objects | st.none(),
)
servers = st.lists(documents | documents | wounded(documents, 1) | pages, min_size=1, max_size=PAGES)
prefetches = st.integers(0, 4)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(debug=False) as runner:  # debug mode would take most of the time
        yield runner


class Walk:
    """What came of a walk to its end."""

    def __init__(self) -> None:
        self.pages: list[Page[ApiKey]] = []
        self.error: MatatikaError | None = None

    @property
    def numbers(self) -> list[int]:
        return [number for page in self.pages for number in numbers_of(page.items)]

    @property
    def outcome(self) -> tuple[list[int], type[MatatikaError] | None, str | None]:
        return self.numbers, type(self.error) if self.error else None, self.error.next_url if self.error else None


def answering(server: list[Any]) -> Callable[[URL], Any]:
    """Answer like a server with these pages: by number or cursor, the last for whatever it does not know."""

    def answer(url: URL) -> Any:
        asked = url.query.get("page") or url.query.get("cursor") or "0"
        return server[min(int(asked), len(server) - 1) if asked.isascii() and asked.isdigit() else -1]

    return answer


async def walked(memory: Memory, prefetch: int) -> Walk:
    walk = Walk()
    iterator = memory.keys(prefetch=prefetch).pages(max_pages=MOST_PAGES)
    try:
        async for page in iterator:
            walk.pages.append(page)
    except (LinkError, ResponseError) as error:
        walk.error = error
    for _ in range(2):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    with pytest.raises(StopAsyncIteration):
        await anext(iterator)
    return walk


@given(server=servers, prefetch=prefetches, turns=st.integers(0, 2))
def test_a_walk_ends_delivers_nothing_twice_and_asks_only_the_api(
    runner: asyncio.Runner, server: list[Any], prefetch: int, turns: int
) -> None:
    memory = Memory(answering(server), turns)
    walk = runner.run(walked(memory, prefetch))
    assert len(walk.numbers) == len(set(walk.numbers))
    assert len(walk.pages) <= MOST_PAGES
    assert memory.most_flying <= max(1, prefetch)
    root = str(memory.state.root.url)
    assert all(str(url).startswith(f"{root}/") for url in memory.sent)
    for page in walk.pages:
        assert page.next_url is None or page.next_url.startswith(f"{root}/")
    if walk.error is not None:
        assert walk.error.next_url is not None
        assert memory.keys().at(walk.error.next_url) is not None


@given(server=servers, prefetch=st.integers(1, 4), turns=st.integers(0, 2))
def test_pages_fetched_ahead_change_nothing_of_what_is_delivered(
    runner: asyncio.Runner, server: list[Any], prefetch: int, turns: int
) -> None:
    one_by_one = Memory(answering(server), 0)
    expected = runner.run(walked(one_by_one, 0))
    ahead = Memory(answering(server), turns)
    assert runner.run(walked(ahead, prefetch)).outcome == expected.outcome
    assert set(one_by_one.sent) <= set(ahead.sent)


@given(server=servers, prefetch=prefetches, taken=st.integers(0, 4), turns=st.integers(0, 2))
def test_a_walk_that_is_left_early_leaves_nothing_running(
    runner: asyncio.Runner, server: list[Any], prefetch: int, taken: int, turns: int
) -> None:
    memory = Memory(answering(server), turns)

    async def left_early() -> None:
        async with contextlib.aclosing(memory.keys(prefetch=prefetch).pages()) as iterator:
            with contextlib.suppress(LinkError, ResponseError):
                for _ in range(taken):
                    if await anext(iterator, None) is None:
                        break
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert memory.flying == 0

    runner.run(left_early())
