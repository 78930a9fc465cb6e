"""batch_rotate.py: keys that fail, signals, and going on by the journal; SIGKILL is elsewhere."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from contextlib import closing
from pathlib import Path
from unittest.mock import Mock

import pytest

from aiomatatika import Timeouts
from examples.batch.journal import Journal, Key
from examples.batch.lines import DurableLines
from examples.batch.rotation import Rotation
from examples.batch.sinks import SecretFile

from .batch_starter import PROGRAM, ROOT, World, lines, reached, until

# When keys fail


async def test_a_key_that_fails_stops_no_other_and_is_rotated_by_the_next_run(world: World) -> None:
    old = world.add(4)
    world.server.faults.add(method="PUT", status=409)
    ended = await world.run("--at-once", "1")
    assert ended.code == 1
    assert ended.stdout.startswith("1 failed, 3 rotated.")
    assert "Run the same command again to go on." in ended.stderr
    assert "409" in world.report()[0]["reason"]
    assert (await world.run()).code == 0
    await world.check(old)


@pytest.mark.parametrize("times", [1, 2])
async def test_an_answer_with_a_secret_that_is_lost_is_made_good(world: World, times: int) -> None:
    old = world.add(2)
    world.server.faults.add(method="PUT", drop="after", times=times)
    assert (await world.run("--at-once", "1")).code == 0
    await world.check(old)


async def test_answers_that_are_always_lost_leave_no_orphan(world: World) -> None:
    old = world.add(1)
    world.server.faults.add(method="PUT", drop="after", times=None)
    assert (await world.run()).code == 1
    assert set(world.server.api_keys) == {*old, *world.untouched}
    assert "lost 3 times" in world.report()[0]["reason"]


async def test_an_old_key_that_is_gone_already_is_no_failure(world: World) -> None:
    old = world.add(1)
    world.server.faults.add(method="DELETE", status=404, act=True)
    assert (await world.run()).code == 0
    await world.check(old)


async def test_credentials_that_are_refused_stop_it_all(world: World) -> None:
    old = world.add(10)
    world.server.faults.add(method="PUT", skip=2, status=401, times=None)
    ended = await world.run("--at-once", "1")
    assert ended.code == 1
    assert sorted(world.statuses().values()) == ["failed", *["rotated"] * 2, *["unfinished"] * 7]
    assert "Stopped (" in ended.stderr
    world.server.faults.clear()
    assert (await world.run()).code == 0
    await world.check(old)


async def test_a_server_that_is_down_is_said_in_one_line(world: World) -> None:
    await world.server.close()
    ended = await world.run()
    assert ended.code == 1
    assert re.match(r"batch_rotate: .*(127\.0\.0\.1|connect)", ended.stderr)
    assert "Traceback" not in ended.stderr


async def test_a_disk_that_is_full_stops_it_and_costs_nothing(world: World) -> None:
    old = world.add(3)
    ended = {}
    for limit in range(500, 2000, 150):
        # The largest file that a process may write is the closest that a test comes to a full disk.
        ended[limit] = await world.run("--at-once", "2", RLIMIT_FSIZE=str(limit))
        successors = world.server.api_keys.keys() - old.keys() - world.untouched
        assert {str(id) for id in successors} <= world.secrets().keys(), ended
    codes = [each.code for each in ended.values()]
    assert codes.count(1) > 5, ended
    assert all("File too large" in each.stderr for each in ended.values() if each.code == 1)
    assert (await world.run()).code == 0
    await world.check(old)


def test_of_a_line_that_cannot_be_written_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(DurableLines(tmp_path / "lines")) as journal:
        journal.append({"a": 1})
        with monkeypatch.context() as patch, pytest.raises(OSError, match="full"):
            patch.setattr(os, "fsync", Mock(side_effect=OSError("full")))
            journal.append({"b": 2})
        journal.append({"c": 3})
    assert lines(tmp_path / "lines") == [{"a": 1}, {"c": 3}]


async def test_a_timeout_is_the_failure_of_one_key(world: World) -> None:
    old = world.add(2)
    world.server.faults.add(method="POST", path="/api/apikeys", delay=60)
    async with world.server.session(timeouts=Timeouts(total=0.3)) as session:
        with closing(Journal(world.journal_file)) as journal:
            journal.select({}, [Key(id=id, name=name, client_id=None) for id, name in old.items()])
            with closing(SecretFile(world.secrets_file, journal)) as sink:
                rotation = Rotation(session, journal, sink)
                await rotation.run(journal.keys.values(), 1, lambda key: None)
            assert [key.status for key in journal.keys.values()] == ["failed", "rotated"]
    assert rotation.stopped is None


# When it is stopped


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_what_is_under_way_and_begins_no_other(world: World, number: signal.Signals) -> None:
    old = world.add(6)
    event = asyncio.Event()
    held = world.server.faults.add(method="PUT", delay=event, times=2)
    run = await world.start("--at-once", "2")
    await reached(held, 2)
    run.send(number)
    await until(lambda: "finishing 2 keys" in (world.folder / "stderr").read_text())
    event.set()
    ended = await run.ended()
    assert ended.code == 130
    assert sorted(world.statuses().values()) == [*["rotated"] * 2, *["unfinished"] * 4]
    assert f"Stopped ({number.name}). Run the same command again to go on." in ended.stderr
    assert (await world.run()).code == 0
    await world.check(old)


async def test_a_second_signal_ends_it_at_once(world: World) -> None:
    old = world.add(3)
    event = asyncio.Event()
    held = world.server.faults.add(method="DELETE", delay=event, drop="before", times=2)
    run = await world.start("--at-once", "2")
    await reached(held, 2)
    run.send(signal.SIGINT)
    await until(lambda: "finishing" in (world.folder / "stderr").read_text())
    run.send(signal.SIGINT)
    assert (await run.ended()).code == 130
    assert set(world.statuses().values()) == {"unfinished"}
    event.set()
    assert (await world.run()).code == 0
    await world.check(old)


async def test_a_signal_during_the_selection_ends_it_at_once(world: World) -> None:
    world.add(3)
    event = asyncio.Event()
    held = world.server.faults.add(method="GET", delay=event)
    run = await world.start()
    await reached(held)
    run.send(signal.SIGTERM)
    ended = await run.ended()
    event.set()
    assert ended.code == 130
    assert "Run the same command again" in ended.stderr
    assert set(world.server.requests.methods()) == {"GET"}


# One rotation, one journal


async def test_a_second_run_on_the_same_journal_is_refused(world: World) -> None:
    old = world.add(2)
    event = asyncio.Event()
    held = world.server.faults.add(method="PUT", delay=event)
    run = await world.start()
    await reached(held)
    second = await asyncio.create_subprocess_exec(
        *(sys.executable, PROGRAM, "--name", "nightly-*", "--secrets", "secrets"),
        cwd=world.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **world.server.environ()},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, stderr = await second.communicate()
    assert second.returncode == 2
    assert b"rotation.journal is in use" in stderr
    event.set()
    assert (await run.ended()).code == 0
    await world.check(old)


async def test_a_rotation_that_is_over_is_not_done_again(world: World) -> None:
    old = world.add(2)
    await world.run()
    world.server.requests.clear()
    ended = await world.run()
    assert ended.code == 0
    assert "Nothing is left to do" in ended.stdout
    assert not world.server.requests
    await world.check(old)


@pytest.mark.parametrize(
    "options",
    [
        ("--name", "daily-*"),
        ("--name", "nightly-*", "--older-than", "0"),
        ("--secrets", "other"),
        ("--secret-command", "cat"),
    ],
)
async def test_a_journal_is_not_gone_on_with_by_other_rules(world: World, options: tuple[str, ...]) -> None:
    world.add(1)
    world.server.faults.add(method="DELETE", status=409)
    await world.run()
    world.server.requests.clear()
    ended = await world.run(*options)
    assert ended.code == 2
    assert "rotation.journal is of a rotation with" in ended.stderr
    assert not world.server.requests


@pytest.mark.parametrize(
    "text", ["no JSON\n", "[]\n", "{}\n", '{"event": "rotated", "old": "00000000-0000-0000-0000-000000000001"}\n']
)
async def test_a_journal_that_is_none_is_refused_and_kept(world: World, text: str) -> None:
    world.journal_file.touch(0o600)
    world.journal_file.write_text(text)
    ended = await world.run()
    assert ended.code == 2
    assert "rotation.journal" in ended.stderr
    assert world.journal_file.read_text() == text
