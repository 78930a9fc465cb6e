"""Places for calls: handed on in order, and none is lost when somebody gives up."""

from __future__ import annotations

import asyncio

import pytest

from aiomatatika.transport.places import Places


async def waiting(places: Places, number: int) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(places.wait()) for _ in range(number)]
    await asyncio.sleep(0)
    return tasks


async def test_who_waits_longest_is_next() -> None:
    places = Places(1)
    assert places.take_free()
    first, second = await waiting(places, 2)
    places.give_back()
    await first
    assert not second.done()
    assert not places.take_free()
    places.give_back()
    await second
    places.give_back()
    assert places.take_free()


@pytest.mark.parametrize("is_given", [False, True])
async def test_who_gives_up_leaves_the_place_to_the_next(is_given: bool) -> None:
    places = Places(0)
    first, second = await waiting(places, 2)
    if is_given:
        places.give_back()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    if not is_given:
        places.give_back()
    await second
    assert not places.take_free()
