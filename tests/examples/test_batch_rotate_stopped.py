"""batch_rotate.py: keys that fail, signals, SIGKILL anywhere, and going on by the journal."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, Mock
from uuid import UUID

import aiohttp
import pytest

from aiomatatika import Timeouts
from aiomatatika.testing import MatatikaServer
from examples.batch.journal import Journal, Key
from examples.batch.lines import DurableLines
from examples.batch.rotation import Rotation
from examples.batch.sinks import NotSavedError

from .batch_starter import Starter, World, lines, opened_world
from .programs import LIST, ONE, until

SEED = 20_240_611
KILLS = 50
KEYS = 60

# When keys fail

FAULTS = {
    "a secret that is lost twice": ({"method": "PUT", "drop": "after", "times": 2}, "rotated, rotated, rotated", ""),
    "an old key that is gone": ({"method": "DELETE", "status": 404, "act": True}, "rotated, rotated, rotated", ""),
    "a secret that is lost each time": (
        {"method": "PUT", "drop": "after", "times": 3},
        "failed, rotated, rotated",
        "3",
    ),
    "a refusal of one key": ({"method": "PUT", "status": 409}, "failed, rotated, rotated", "409"),
    "a refusal of the credentials": (
        {"method": "PUT", "status": 401, "times": None, "skip": 1},
        "rotated, failed, unfinished",
        "401",
    ),
}


@pytest.mark.parametrize("fault, statuses, reason", FAULTS.values(), ids=FAULTS)
async def test_what_goes_wrong_is_made_good_or_told_and_then_made_good_by_the_next_run(
    world: World, fault: dict[str, Any], statuses: str, reason: str
) -> None:
    old = world.add(3)
    world.server.faults.add(**fault)
    ended = await world.run("--at-once", "1")
    assert ", ".join(world.statuses().values()) == statuses
    assert len(world.server.api_keys) == 1 + len(old), "no key is left over, nor missing"
    if reason:
        assert [reason in (row["reason"] or "") for row in world.report() if row["status"] == "failed"] == [True]
        assert ("Stopped (" in ended.stderr) == ("unfinished" in statuses)
        assert (ended.code, "Run the same command again to resume.\n" in ended.stderr) == (1, True)
        world.server.faults.clear()
        ended = await world.run()
    assert ended.code == 0
    await world.check(old)


async def test_a_successor_that_somebody_deleted_is_made_again(world: World) -> None:
    old = await world.begin()
    async with world.server.session() as session:
        await session.apikeys.delete(world.report()[0]["new_id"])
    assert (await world.run()).code == 0
    await world.check(old)


async def test_a_server_that_is_down_is_said_in_one_line(world: World) -> None:
    await world.server.close()
    ended = await world.run()
    assert ended.code == 1
    assert re.fullmatch(r"batch_rotate: .*(127\.0\.0\.1|connect).*\nRun the same command again .*\n", ended.stderr)


def test_a_line_is_written_whole_or_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    with closing(DurableLines(tmp_path / "lines")) as journal:
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", lambda fd, data: write(fd, data[:3]))
            journal.append({"a": 1})
        with monkeypatch.context() as patch, pytest.raises(OSError, match="full"):
            patch.setattr(os, "fsync", Mock(side_effect=OSError("full")))
            journal.append({"b": 2})
        journal.append({"c": 3})
    assert lines(tmp_path / "lines") == [{"a": 1}, {"c": 3}]


@pytest.mark.parametrize(
    "saving, seconds, stops",
    [(OSError(28, "it is full"), 60, True), (NotSavedError("not this one"), 60, False), (None, 0.1, False)],
    ids=["a disk that is full stops it", "a secret that is not saved does not", "a timeout does not"],
)
async def test_a_key_that_fails_leaves_no_successor_and(
    matatika_server: MatatikaServer, tmp_path: Path, saving: Exception | None, seconds: float, stops: bool
) -> None:
    if saving is None:
        matatika_server.faults.add(method="POST", path=LIST, delay=asyncio.Event())
    with closing(Journal(tmp_path / "journal")) as journal:
        (id,) = matatika_server.add_api_keys(1)
        journal.select({}, [Key(id=id, name="nightly", client_id=None)])
        async with matatika_server.session(timeouts=Timeouts(total=seconds)) as session:
            rotation = Rotation(session, journal, Mock(save=AsyncMock(side_effect=saving)))
            await rotation.run(journal.keys.values(), 1, Mock())
        assert journal.keys[id].status == "failed"
    assert (rotation.stopped is not None) == stops
    assert list(matatika_server.api_keys)[1:] == [id]


# When it is stopped


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_keys_under_way_as_many_as_were_asked_for_and_begins_no_other(
    world: World, number: signal.Signals
) -> None:
    old = world.add(5)
    event = asyncio.Event()
    run = await world.held_at(event, "--at-once", "2", method="PUT", times=2, hits=2)
    run.send(number)
    await until(lambda: "finishing 2 keys" in (world.folder / "stderr").read_text())
    event.set()
    ended = await run.ended()
    assert ended.code == 130
    assert sorted(world.statuses().values()) == [*["rotated"] * 2, *["unfinished"] * 3]
    assert f"Stopped ({number.name}). Run the same command again to resume." in ended.stderr
    assert (await world.run()).code == 0
    await world.check(old)


async def test_a_second_signal_ends_it_at_once(world: World) -> None:
    old = world.add(3)
    event = asyncio.Event()
    run = await world.held_at(event, "--at-once", "2", method="DELETE", drop="before", times=2, hits=2)
    run.send(signal.SIGINT)
    await until(lambda: "finishing" in (world.folder / "stderr").read_text())
    run.send(signal.SIGINT)
    ended = await run.ended()
    assert (ended.code, ended.stderr.count("finishing")) == (130, 1)
    assert set(world.statuses().values()) == {"unfinished"}
    event.set()
    assert (await world.run()).code == 0
    await world.check(old)


async def test_a_signal_during_the_selection_ends_it_at_once(world: World) -> None:
    event = asyncio.Event()
    run = await world.held_at(event, method="GET")
    run.send(signal.SIGTERM)
    ended = await run.ended()
    event.set()
    assert (ended.code, ended.stderr) == (130, "Stopped (SIGTERM). Run the same command again to resume.\n")
    assert set(world.server.requests.methods()) == {"GET"}


# Killed anywhere


async def kill_somewhere(world: World, dice: random.Random) -> bool:
    """Start the program, and kill it after some requests, after some time, or while it waits for an answer."""
    server, event = world.server, asyncio.Event()
    match dice.choice(["requests", "time", "held"]):
        case "requests":
            goal = server.requests.seen + dice.randint(2, 30)
            run = await world.start("--at-once", "4")
            await until(lambda: run.over or server.requests.seen >= goal)
        case "time":
            pause = dice.uniform(0.02, 0.15)
            run = await world.start("--at-once", "4")
            await asyncio.sleep(pause)  # wherever that is: on a slow machine it is earlier
        case _:
            method, path = dice.choice([("POST", None), *[("PUT", None)] * 3, ("DELETE", None), ("GET", ONE)])
            drop = dice.choice([None, "before"])
            fault = server.faults.add(method=method, path=path, delay=event, drop=drop, skip=dice.randint(0, 4))  # type: ignore[arg-type]  # one of the two
            run = await world.start("--at-once", "4")
            await until(lambda: run.over or fault.hits)
    killed = await run.kill()
    server.faults.clear()
    event.set()
    return killed


async def test_killed_fifty_times_it_rotates_each_key_once_and_loses_no_secret(
    starter: Starter, tmp_path: Path
) -> None:
    dice, kills, campaign = random.Random(SEED), 0, 0
    while kills < KILLS:
        campaign += 1
        folder = tmp_path / str(campaign)
        folder.mkdir()
        async with opened_world(starter, folder) as world:
            old = world.add(KEYS)
            while kills < KILLS and await kill_somewhere(world, dice):
                kills += 1
            ended = await world.run()
            context = f"seed {SEED}, campaign {campaign}, after {kills} kills: {ended}"
            assert ended.code == 0, context
            await world.check(old, context)


# Killed at each step


def tear_secret(world: World) -> None:
    with world.secrets_file.open("a") as file:
        file.write(f'{{"id": "{lines(world.journal_file)[-1]["new"]}", "client_id": "abc", "client_sec')


def tear_journal(world: World) -> None:
    world.journal_file.write_text(world.journal_file.read_text()[:-20])


STEPS = {
    "selecting": ({"method": "GET", "path": LIST, "skip": 0, "drop": "before"}, None, 3),
    "writing the selection": ({"method": "POST", "skip": 0}, tear_journal, 3),
    "initialised": ({"method": "POST"}, None, 3),
    "before the PUT": ({"method": "PUT", "drop": "before"}, None, 4),
    # It was carried out and its secret is lost: one PUT finds that out, another makes the successor.
    "after the PUT": ({"method": "PUT"}, None, 5),
    "writing the secret": ({"method": "PUT"}, tear_secret, 5),
    # The secret is saved: no successor is made again.
    "writing that it is saved": ({"method": "GET", "path": ONE}, tear_journal, 3),
    "saved": ({"method": "GET", "path": ONE}, None, 3),
    "before the DELETE": ({"method": "DELETE", "drop": "before"}, None, 3),
    "after the DELETE": ({"method": "DELETE"}, None, 3),
}


@pytest.mark.parametrize("step, tear, puts", STEPS.values(), ids=STEPS)
async def test_killed_at_a_step_it_goes_on_from_there_and_takes_a_torn_line_for_unwritten(
    world: World, step: dict[str, Any], tear: Callable[[World], None] | None, puts: int
) -> None:
    old = world.add(3)
    await world.killed_at("--at-once", "1", **{"skip": 1} | step)
    if tear:
        tear(world)
    ended = await world.run()
    assert ended.code == 0, ended
    await world.check(old)
    assert world.server.requests.methods().count("PUT") == puts


LATE = {
    "which renames the successor to its own name": ({"drop": "before"}, {"method": "DELETE"}, 200),
    "whose id was given up": ({}, {"method": "GET", "path": ONE}, 201),
}


@pytest.mark.parametrize("lost, later, status", LATE.values(), ids=LATE)
async def test_no_second_successor_is_made_by_a_late_put(
    world: World, lost: dict[str, Any], later: dict[str, Any], status: int
) -> None:
    old = world.add(1)
    await world.killed_at(method="PUT", **lost)
    late = next(request for request in world.server.requests if request.method == "PUT")
    event = asyncio.Event()
    run = await world.held_at(event, **later, drop="before")
    async with aiohttp.ClientSession() as http:
        assert (await http.put(world.server.url + late.path, data=late.body, headers=late.headers)).status == status
    event.set()
    assert (await run.ended()).code == 0
    await world.check(old)


async def test_killed_while_the_command_runs_nobody_rotates_before_it_has_ended(world: World, command: str) -> None:
    old = world.add(1)
    (world.folder / "hold").touch()
    run = await world.start("--secret-command", command)
    await until((world.folder / "waiting").exists)
    assert await run.kill()
    refused = await world.run("--secret-command", command)
    assert (refused.code, "rotation.journal is in use" in refused.stderr) == (2, True)
    (world.folder / "hold").unlink()
    async with asyncio.timeout(60):
        while (ended := await world.run("--secret-command", command)).code == 2:
            pass  # the command is about to end
    assert ended.code == 0
    await world.check(old)


async def test_a_secret_that_the_command_has_is_not_made_again_after_a_kill(world: World, command: str) -> None:
    old = world.add(2)
    options = ("--secret-command", command, "--ready-within", "0.2", "--at-once", "1")
    await world.killed_at(*options, method="GET", path=ONE, skip=1)
    assert (await world.run(*options)).code == 0
    await world.check(old)
    assert world.server.requests.methods().count("PUT") == 2


# One rotation, one journal


async def test_a_rotation_that_is_over_is_not_done_again(world: World) -> None:
    old = world.add(2)
    await world.run()
    world.server.requests.clear()
    ended = await world.run()
    assert (ended.code, "Nothing is left to do" in ended.stdout) == (0, True)
    assert not world.server.requests
    await world.check(old)


async def test_a_journal_is_not_gone_on_with_by_other_rules(world: World) -> None:
    await world.begin()
    for options in ("--name daily-*", "--name nightly-* --older-than 0", "--secrets other", "--secret-command cat"):
        ended = await world.run(*options.split())
        assert (ended.code, "rotation.journal belongs to a rotation with" in ended.stderr) == (2, True), options
    assert not world.server.requests


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}", f'{{"event": "rotated", "old": "{UUID(int=1)}"}}'])
async def test_another_file_than_a_journal_is_refused_and_kept(world: World, text: str) -> None:
    world.journal_file.touch(0o600)
    world.journal_file.write_text(text + "\n")
    ended = await world.run()
    assert (ended.code, "rotation.journal" in ended.stderr) == (2, True)
    assert world.journal_file.read_text() == text + "\n"
