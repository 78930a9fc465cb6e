"""The limit of the wait for a head: it counts from the moment in which the request is out, and ends nothing else."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from aiomatatika import MatatikaSession, Retries, Timeouts
from aiomatatika.testing import MatatikaServer
from aiomatatika.transport.head_wait import HeadWait
from aiomatatika.transport.work import LoopWork, Work

from ..servers import KEYS, answer, listening, session_at

LIMIT = 10.0
NOT_OUT = SimpleNamespace(response=None)
OUT = SimpleNamespace(response=object())
TASK: Any = SimpleNamespace(cancelling=lambda: 0)


def late_after(looks: list[tuple[float, Any]]) -> list[bool]:
    """Look at a wait at these times, at which aiohttp's request was so; return whether it was late."""
    wait, found = HeadWait(TASK, LIMIT), []
    for now, request in looks:
        wait.request = request
        found.append(wait.is_late(now))
    return found


@pytest.mark.parametrize(
    "looks, late",
    [
        ([(0, None), (100, None)], [False, False]),
        ([(0, NOT_OUT), (100, NOT_OUT)], [False, False]),
        ([(0, OUT), (9.9, OUT), (10, OUT)], [False, False, True]),
        ([(0, NOT_OUT), (30, OUT), (39.9, OUT), (40, OUT)], [False, False, False, True]),
    ],
)
def test_the_limit_counts_from_when_the_request_is_out(looks: list[tuple[float, Any]], late: list[bool]) -> None:
    assert late_after(looks) == late


def test_it_is_looked_at_twenty_times_and_when_it_ends() -> None:
    wait = HeadWait(TASK, LIMIT)
    assert wait.next_look(1) == 1.5
    wait.request = OUT  # type: ignore[assignment]  # what is looked at of it
    assert not wait.is_late(1.5)
    assert [wait.next_look(now) for now in (1.5, 11.4)] == [2, 11.5]


async def waited(*, head_comes: bool = False, ends: bool = False, cancelled: bool = False) -> str:
    """Wait for a head for 0.02 s in a block; return what ended it."""
    loop = asyncio.get_running_loop()
    others = LoopWork(loop)
    work = Work(others, loop.time() + (0.01 if ends else 5), None)

    async def block() -> str:
        with work:
            wait = work.await_head(0.02)
            wait.request = OUT  # type: ignore[assignment]  # as above
            if head_comes:
                wait.end()
            if cancelled:
                loop.call_later(0.005, task.cancel)
            try:
                await (asyncio.sleep(0.1) if head_comes and not ends else asyncio.Event().wait())
            except asyncio.CancelledError:
                if not wait.was_cancelled():
                    raise
                return "late"
            return "nothing"

    task = asyncio.create_task(block())
    try:
        result = await task
    except TimeoutError:
        result = "the block's limit"
    except asyncio.CancelledError:
        result = "the cancellation"
    assert task.cancelling() == cancelled
    others.stop()
    return result


@pytest.mark.parametrize(
    "case, ended_by",
    [
        ({}, "late"),
        ({"head_comes": True}, "nothing"),
        ({"head_comes": True, "ends": True}, "the block's limit"),
        ({"ends": True}, "the block's limit"),
        ({"cancelled": True}, "the cancellation"),
        ({"ends": True, "cancelled": True}, "the cancellation"),
    ],
    ids=str,
)
async def test_a_wait_ends_alone_where_nothing_else_has_ended_it(case: dict[str, bool], ended_by: str) -> None:
    assert await waited(**case) == ended_by


async def test_a_wait_that_a_broken_connection_has_ended_is_not_ended_again() -> None:
    limits, retries = Timeouts(read=0.05), Retries(first_delay=0.4)  # a repeat waits for longer than a head may take
    async with (
        MatatikaServer() as server,
        MatatikaSession(server.credentials, deployment=server.deployment, timeouts=limits, retries=retries) as session,
    ):
        server.faults.add(path="/api/apikeys", drop="after")
        assert await session.apikeys.list().count() == 1
        assert len(server.requests.api) == 2


async def test_a_body_may_take_longer_to_send_than_a_head_may_take_to_come() -> None:
    async def read_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.8)
        await reader.readexactly(2**24)
        writer.write(answer("200 OK; Content-Length: 2", b"{}"))
        await writer.drain()
        writer.close()

    async with listening(read_late) as port, session_at(f"http://127.0.0.1:{port}") as session:
        patient = session.with_options(timeouts=Timeouts(read=0.5), retries=Retries(attempts=1))
        response = await patient.request("PUT", KEYS, body=bytes(2**24))
    assert (response.status, response.call.attempts) == (200, 1)
