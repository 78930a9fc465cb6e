"""batch_rotate.py: what it selects, does and tells when all goes well, and what it says of wrong arguments."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from aiomatatika import ApiKey
from examples.batch.journal import Key
from examples.batch.lines import replace_lines
from examples.batch.progress import progress
from examples.batch_rotate import arguments as parsed, is_selected

from .batch_starter import PROGRAM, ROOT, Starter, World, lines, opened_world, reached

NOW = datetime(2024, 6, 1, tzinfo=UTC)


# The whole of it


async def test_it_rotates_what_matches_and_leaves_the_rest_alone(world: World) -> None:
    old = world.add(30)
    world.untouched |= world.add(5, "daily").keys()
    ended = await world.run()
    assert ended.code == 0, ended
    await world.check(old)
    assert world.untouched <= world.server.api_keys.keys()
    assert ended.stdout.splitlines()[0] == "30 rotated."
    assert all(name in ended.stdout for name in ("rotation.report", "secrets", "rotation.journal"))
    assert ended.stderr.splitlines()[-1].startswith("30 of 30: rotated 'nightly-")


async def test_no_secret_is_shown_or_reported(world: World) -> None:
    world.add(3)
    world.server.faults.add(method="DELETE", status=409)
    ended = await world.run()
    texts = [ended.stdout, ended.stderr, (world.folder / "rotation.report").read_text(), world.journal_file.read_text()]
    secrets = [key.client_secret.reveal() for key in world.server.api_keys.values()]
    assert not [secret for secret in secrets for text in texts if secret[:16] in text]


def test_started_by_its_path_from_anywhere_it_runs_on_the_embedded_server(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MATATIKA_", "PYTHON"))}
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", PROGRAM, "--name", "key-0000*", "--secrets", "secrets"],
        cwd=tmp_path,
        env={**environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("9 rotated.")
    assert len(lines(tmp_path / "secrets")) == 9


async def test_so_many_are_rotated_at_once_and_no_more(world: World) -> None:
    world.add(7)
    event = asyncio.Event()
    held = world.server.faults.add(method="PUT", delay=event, times=None)
    run = await world.start("--at-once", "3")
    await reached(held, 3)
    await asyncio.sleep(0.05)
    assert held.hits == 3
    event.set()
    assert (await run.ended()).code == 0


async def test_a_new_key_that_is_not_accepted_at_once_is_waited_for(starter: Starter, tmp_path: Path) -> None:
    async with opened_world(starter, tmp_path, new_key_delay=0.5) as world:
        old = world.add(1)
        assert (await world.run()).code == 0
        await world.check(old)


async def test_the_old_key_stays_until_its_successor_is_accepted(starter: Starter, tmp_path: Path) -> None:
    async with opened_world(starter, tmp_path, new_key_delay=3600) as world:
        old = world.add(1)
        ended = await world.run("--ready-within", "0")
        assert ended.code == 1
        assert old.keys() <= world.server.api_keys.keys()
        (row,) = world.report()
        assert row["status"] == "failed"
        assert "saved, but not accepted yet" in row["reason"]
        world.server.clock.advance(3600)  # type: ignore[attr-defined]  # the clock of a test server
        assert (await world.run("--ready-within", "0")).code == 0
        await world.check(old)
        assert world.server.requests.methods().count("PUT") == 1


# The selection


@pytest.mark.parametrize(
    "name, age, names, older_than, expected",
    [
        ("nightly-1", 1, ["nightly-*"], None, True),
        ("Nightly-1", 1, ["nightly-*"], None, False),
        ("daily-1", 1, ["nightly-*", "daily-?"], None, True),
        ("daily-1", 91, [], 90, True),
        ("daily-1", 89, [], 90, False),
        ("daily-1", None, [], 90, False),
        (None, 91, [], 90, True),
        (None, 91, ["?*"], None, False),
        ("nightly-1", 91, ["nightly-*"], 90, True),
        ("nightly-1", 89, ["nightly-*"], 90, False),
        ("daily-1", 91, ["nightly-*"], 90, False),
    ],
)
def test_a_key_is_selected_by_pattern_and_age(
    name: str | None, age: int | None, names: list[str], older_than: int | None, expected: bool
) -> None:
    key = ApiKey(id=uuid4(), name=name, created=None if age is None else NOW - timedelta(days=age))
    before = None if older_than is None else NOW - timedelta(days=older_than)
    assert is_selected(key, names, before) is expected


async def test_keys_are_selected_by_their_age(world: World) -> None:
    old, young = world.add(2), world.add(2, "young")
    world.untouched |= young.keys()

    def aged(document: Any) -> None:
        for each in document["_embedded"]["apikeys"]:
            if UUID(each["id"]) in old:
                each["created"] = "2020-01-01T00:00:00Z"

    world.server.faults.add(method="GET", path="/api/apikeys", edit=aged)
    assert (await world.run("--older-than", "90")).code == 0
    await world.check(old)


async def test_the_key_in_use_is_left_alone_and_reported(world: World) -> None:
    old = world.add(2)
    own = world.server.api_keys[next(iter(old))]
    ended = await world.run(MATATIKA_CLIENT_ID=own.client_id, MATATIKA_CLIENT_SECRET=own.client_secret.reveal())
    assert ended.code == 0
    assert world.statuses() == {own.name: "skipped", "nightly-00002": "rotated"}
    assert own.id in world.server.api_keys


@pytest.mark.parametrize("killed", [False, True])
async def test_the_key_in_use_is_rotated_last_where_that_is_asked_for(world: World, killed: bool) -> None:
    old = world.add(5)
    own = world.server.api_keys[next(iter(old))]
    environ = {"MATATIKA_CLIENT_ID": own.client_id, "MATATIKA_CLIENT_SECRET": own.client_secret.reveal()}
    if killed:
        event = asyncio.Event()
        fault = world.server.faults.add(method="POST", skip=2, delay=event)
        run = await world.start("--include-own", **environ)
        await reached(fault)
        assert await run.kill()
        event.set()
    assert (await world.run("--include-own", **environ)).code == 0
    await world.check(old)
    assert [each.path for each in world.server.requests if each.method == "DELETE"][-1].endswith(str(own.id))


async def test_the_key_in_use_stays_while_another_is_not_rotated(world: World) -> None:
    old = world.add(2)
    own = world.server.api_keys[next(iter(old))]
    environ = {"MATATIKA_CLIENT_ID": own.client_id, "MATATIKA_CLIENT_SECRET": own.client_secret.reveal()}
    world.server.faults.add(method="DELETE", status=403)
    assert (await world.run("--include-own", **environ)).code == 1
    assert world.statuses() == {own.name: "unfinished", "nightly-00002": "failed"}
    assert (await world.run("--include-own", **environ)).code == 0
    await world.check(old)


async def test_credentials_of_a_selected_key_are_refused_where_that_was_not_asked_for(world: World) -> None:
    old = world.add(2)
    world.server.faults.add(method="DELETE", status=403, times=None)
    assert (await world.run()).code == 1
    own = world.server.api_keys[next(iter(old))]
    environ = {"MATATIKA_CLIENT_ID": own.client_id, "MATATIKA_CLIENT_SECRET": own.client_secret.reveal()}
    ended = await world.run(**environ)
    assert ended.code == 2
    assert "add --include-own" in ended.stderr


async def test_a_bare_token_could_be_any_keys(world: World) -> None:
    token = {"MATATIKA_ACCESS_TOKEN": "a.b.c", "MATATIKA_CLIENT_ID": "", "MATATIKA_CLIENT_SECRET": ""}
    ended = await world.run(**token)
    assert ended.code == 2
    assert "MATATIKA_ACCESS_TOKEN does not tell which key" in ended.stderr
    assert not world.server.requests


async def test_the_default_key_is_rotated_only_where_it_is_named(world: World) -> None:
    (id,) = world.server.add_api_keys(1, "other")
    other = world.server.api_keys[id]
    environ = {"MATATIKA_CLIENT_ID": other.client_id, "MATATIKA_CLIENT_SECRET": other.client_secret.reveal()}
    await world.run("--name", "d*", **environ)
    assert world.statuses() == {"default": "skipped"}
    await world.run("--name", "default", "--journal", "second", "--secrets", "second.secrets", **environ)
    assert world.statuses() == {"default": "rotated"}


async def test_where_nothing_is_selected_nothing_is_begun(world: World) -> None:
    ended = await world.run()
    assert (ended.code, ended.stdout.splitlines()[0]) == (0, "No key was selected.")
    assert world.journal_file.read_text() == ""
    old = world.add(1)
    assert (await world.run()).code == 0
    await world.check(old)


# The dry run


async def test_a_dry_run_sends_nothing_but_gets_and_leaves_nothing_behind(world: World) -> None:
    world.add(25)
    world.add(1, "daily")
    ended = await world.run("--dry-run", "--name", "nightly-*", "--name", "def*")
    assert ended.code == 0
    assert set(world.server.requests.methods()) == {"GET"}
    *rows, total = ended.stdout.splitlines()
    assert [row.split()[0] for row in rows] == ["skip", *["rotate"] * 25]
    assert total == "25 keys would be rotated."
    assert sorted(path.name for path in world.folder.iterdir()) == ["stderr", "stdout"]


async def test_a_dry_run_tells_what_is_left_of_a_rotation(world: World) -> None:
    world.add(3)
    world.server.faults.add(method="DELETE", status=409)
    await world.run()
    before = world.journal_file.read_bytes()
    ended = await world.run("--dry-run")
    assert ended.stdout.splitlines()[-1] == "1 keys would be rotated (the rest of rotation.journal)."
    assert world.journal_file.read_bytes() == before


# Arguments


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["--secrets", "s"], "which keys?"),
        (["--name", "a"], "where do the new secrets go?"),
        (["--name", "a", "--secrets", "s", "--secret-command", "cat"], "not allowed with"),
        (["--older-than", "-1", "--secrets", "s"], "--older-than takes days"),
        (["--older-than", "nan", "--secrets", "s"], "--older-than takes days"),
        (["--older-than", "soon", "--secrets", "s"], "invalid float"),
        (["--name", "a", "--secrets", "s", "--at-once", "0"], "--at-once takes"),
        (["--name", "a", "--secrets", "s", "--ready-within", "-1"], "--ready-within takes"),
        (["--name", "a", "--secrets", "rotation.report"], "files of their own"),
        (["--name", "a", "--secrets", "missing/s"], "there is no folder"),
        (["--name", "a", "--secret-command", "'"], "--secret-command: No closing quotation"),
        (["--name", "a", "--secret-command", "no-such-program -"], "there is no program 'no-such-program'"),
    ],
)
def test_bad_arguments_are_named(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        parsed(arguments)
    assert raised.value.code == 2
    assert says in capsys.readouterr().err


async def test_a_variable_that_is_missing_is_named(world: World) -> None:
    ended = await world.run(MATATIKA_CLIENT_SECRET="")
    assert ended.code == 2
    assert ended.stderr == (
        "batch_rotate: MATATIKA_CLIENT_SECRET not set (and no MATATIKA_ACCESS_TOKEN in their place)\n"
    )


# The bar


def test_on_a_terminal_there_is_a_bar_that_names_what_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    key = Key(id=uuid4(), name="[red]\x1b[2J", client_id=None, status="failed", reason="why")
    with progress(1) as step:
        step(key)
    shown = capsys.readouterr().err
    assert "failed '[red]\\x1b[2J'" in shown
    assert "1/1" in shown


def test_json_lines_hold_what_the_report_promises(tmp_path: Path) -> None:
    replace_lines(tmp_path / "report", [{"a": 1}, {"b": "ü\n"}])
    assert [json.loads(line) for line in (tmp_path / "report").read_text().splitlines()] == [{"a": 1}, {"b": "ü\n"}]
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
