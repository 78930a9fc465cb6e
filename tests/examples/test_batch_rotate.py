"""batch_rotate.py: what it selects, where secrets go, what it tells, and what it refuses."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from aiomatatika import ApiKey
from examples.batch.journal import Key
from examples.batch.progress import progress
from examples.batch_rotate import arguments as parsed, is_selected, why_not

from .batch_starter import Starter, World, lines, opened_world
from .programs import LIST, ROOT, TOKENS, environment

NOW = datetime(2024, 6, 1, tzinfo=UTC)

# The whole of it


async def test_it_rotates_what_matches_and_leaves_the_rest_alone(world: World) -> None:
    old = world.add(12)
    world.untouched |= world.add(3, "daily").keys() | world.add(2).keys()

    def aged(document: Any) -> None:
        for each in document["_embedded"]["apikeys"]:
            if UUID(each["id"]) in old or each["name"].startswith("daily"):
                each["created"] = "2020-01-01T00:00:00Z"

    world.server.faults.add(method="GET", path=LIST, edit=aged)
    ended = await world.run("--name", "nightly-*", "--older-than", "90")
    assert ended.code == 0, ended
    await world.check(old)
    assert world.untouched <= world.server.api_keys.keys()
    assert ended.stdout.splitlines()[0] == "12 rotated."
    assert all(name in ended.stdout for name in ("rotation.report", "secrets", "rotation.journal"))
    assert ended.stderr.splitlines()[-1].startswith("12 of 12: rotated 'nightly-")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in world.folder.iterdir()}
    assert sorted(modes) == ["rotation.journal", "rotation.report", "secrets", "stderr", "stdout"]
    assert (modes["secrets"], modes["rotation.journal"]) == (0o600, 0o600)


def test_started_by_its_path_from_anywhere_it_runs_on_the_embedded_server(tmp_path: Path) -> None:
    program = ROOT / "examples" / "batch_rotate.py"
    command = [sys.executable, "-X", "dev", "-W", "error", str(program), "--name", "key-0000*", "--secrets", "secrets"]
    said = subprocess.check_output(command, cwd=tmp_path, env=environment(), text=True, timeout=60)
    assert said.startswith("9 rotated.")
    assert len(lines(tmp_path / "secrets")) == 9


async def test_the_old_key_stays_until_its_successor_is_accepted(starter: Starter, tmp_path: Path) -> None:
    async with opened_world(starter, tmp_path, new_key_delay=3600) as world:
        old = world.add(1)
        assert (await world.run("--ready-within", "0")).code == 1
        assert old.keys() <= world.server.api_keys.keys()
        assert "saved, but not accepted yet" in world.report()[0]["reason"]
        accepting = asyncio.Event()
        run = await world.held_at(accepting, path=TOKENS, skip=1)  # the first attempt, which is refused
        world.server.clock.advance(3600)  # type: ignore[attr-defined]  # the clock of a test server
        accepting.set()
        assert (await run.ended()).code == 0
        await world.check(old)
        assert world.server.requests.methods().count("PUT") == 1


# The selection


@pytest.mark.parametrize(
    "name, age, names, older_than, expected",
    [
        ("nightly-1", 1, ["nightly-*"], None, True),
        ("Nightly-1", 1, ["nightly-*"], None, False),
        ("daily-1", 1, ["nightly-*", "daily-?"], None, True),
        (None, 91, ["?*"], None, False),
        (None, 91, [], 90, True),
        ("daily-1", 89, [], 90, False),
        ("daily-1", None, [], 90, False),
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


@pytest.mark.parametrize(
    "name, names, own, says",
    [
        ("nightly", [], "mine", "(--include-own rotates it)"),
        ("default", ["d*"], "other", "(--name default rotates it)"),
        ("default", ["default"], "other", None),
        (" ", [], "other", "no name that a successor could take over"),
        ("nightly", [], None, None),
    ],
)
def test_a_selected_key_is_left_alone_with_a_reason(
    name: str, names: list[str], own: str | None, says: str | None
) -> None:
    reason = why_not(ApiKey(id=uuid4(), name=name, client_id="mine"), names, own)
    assert (says or "") in (reason or "")
    assert (says is None) == (reason is None)


async def test_the_key_in_use_is_left_alone_and_reported(world: World) -> None:
    (own, _) = world.add(2)
    assert (await world.run(**world.environ_of(own))).code == 0
    assert world.statuses() == {"nightly-00001": "skipped", "nightly-00002": "rotated"}


async def test_the_key_in_use_is_rotated_last_where_that_is_asked_for_also_after_a_kill(world: World) -> None:
    old = world.add(5)
    own = next(iter(old))
    environ = world.environ_of(own)
    await world.killed_at("--include-own", environ=environ, method="POST", skip=2)
    assert (await world.run("--include-own", **environ)).code == 0
    await world.check(old)
    assert [each.path for each in world.server.requests if each.method == "DELETE"][-1].endswith(str(own))


async def test_the_key_in_use_stays_while_another_is_not_rotated(world: World) -> None:
    old = world.add(2)
    environ = world.environ_of(next(iter(old)))
    world.server.faults.add(method="DELETE", status=403)
    assert (await world.run("--include-own", **environ)).code == 1
    assert world.statuses() == {"nightly-00001": "unfinished", "nightly-00002": "failed"}
    refused = await world.run(**environ)  # it was selected: to leave it out now would not be the same rotation
    assert (refused.code, "add --include-own" in refused.stderr) == (2, True)
    assert (await world.run("--include-own", **environ)).code == 0
    await world.check(old)


async def test_where_nothing_is_selected_nothing_is_begun(world: World) -> None:
    ended = await world.run()
    assert (ended.code, ended.stdout.splitlines()[0]) == (0, "No key was selected.")
    old = world.add(1)
    assert (await world.run()).code == 0
    await world.check(old)


# The dry run


async def test_a_dry_run_sends_nothing_but_gets_and_leaves_nothing_behind(world: World) -> None:
    world.add(25)
    world.add(1, "daily")
    ended = await world.run("--dry-run", "--name", "nightly-*", "--name", "def*")
    *rows, total = ended.stdout.splitlines()
    assert (ended.code, total) == (0, "25 keys would be rotated.")
    assert [row.split()[0] for row in rows] == ["skip", *["rotate"] * 25]
    assert set(world.server.requests.methods()) == {"GET"}
    assert sorted(path.name for path in world.folder.iterdir()) == ["stderr", "stdout"]


async def test_a_dry_run_tells_what_is_left_of_a_rotation_and_changes_nothing(world: World) -> None:
    await world.begin(3)
    before = world.journal_file.read_bytes()
    row, total = (await world.run("--dry-run")).stdout.splitlines()
    assert row.startswith("rotate ")
    assert total == "1 keys would be rotated (the rest of rotation.journal)."
    assert (await world.run("--dry-run", "--name", "daily-*")).code == 2
    assert world.journal_file.read_bytes() == before


# Where the secrets go


def make_full(path: Path) -> None:
    path.touch(0o600)
    path.write_text('{"id": "00000000-0000-0000-0000-000000000001", "client_id": "a", "client_secret": "b"}\n')


def make_foreign(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    path.touch(0o600)
    os.chown(path, 65_534, -1)


def make_link(path: Path) -> None:
    path.with_name("elsewhere").touch(0o600)
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    "make, says",
    [
        (lambda path: path.touch(0o640), "has mode 0640 instead of 0600"),
        (make_full, "already holds secrets: name a new file"),
        (make_foreign, "belongs to another user"),
        (make_link, "cannot be opened"),
        (lambda path: os.mkfifo(path, 0o600), "is not a regular file"),
    ],
)
async def test_a_secrets_file_that_is_not_safe_is_refused(
    world: World, make: Callable[[Path], None], says: str
) -> None:
    make(world.secrets_file)
    ended = await world.run()
    assert (ended.code, ended.stdout, says in ended.stderr) == (2, "", True)
    assert not world.server.requests


@pytest.mark.parametrize(
    "spoil, says",
    [
        (lambda path: path.chmod(0o604), "has mode 0604"),
        (lambda path: path.unlink(), "is gone, with 1 saved secrets"),
        (lambda path: path.write_text(""), "lacks 1 of the saved secrets"),
        (lambda path: path.write_text("{}\n"), "is not a secrets file"),
    ],
)
async def test_no_old_key_is_deleted_before_the_secrets_are_there_again(
    world: World, spoil: Callable[[Path], None], says: str
) -> None:
    old = await world.begin()
    saved = world.secrets_file.read_bytes()
    spoil(world.secrets_file)
    ended = await world.run()
    assert (ended.code, says in ended.stderr) == (2, True), ended
    assert not world.server.requests
    world.secrets_file.write_bytes(saved)
    world.secrets_file.chmod(0o600)
    assert (await world.run()).code == 0
    await world.check(old)


async def test_a_command_gets_each_secret_as_json_and_what_it_prints_is_not_shown(world: World, command: str) -> None:
    old = world.add(3)
    assert (await world.run("--secret-command", command)).code == 0
    await world.check(old)


async def test_a_secret_that_the_command_does_not_take_is_not_saved(world: World, command: str) -> None:
    old = world.add(3)
    fails = "import sys; 'nightly-00002' in sys.stdin.read() and sys.exit(3)"
    assert (await world.run("--secret-command", f'{sys.executable} -I -S -c "{fails}"')).code == 1
    (row,) = [row for row in world.report() if row["status"] != "rotated"]
    assert (row["name"], row["new_id"], row["status"]) == ("nightly-00002", None, "failed")
    assert "the secret command ended with exit code 3" in row["reason"]
    assert len(world.server.api_keys) == 4, "its successor is deleted again"
    assert (await world.run("--secret-command", command)).code == 0
    assert world.statuses() == dict.fromkeys(old.values(), "rotated")


# Arguments


@pytest.mark.parametrize(
    "arguments, says",
    [
        ("--secrets s", "which keys?"),
        ("--name a", "where do the new secrets go?"),
        ("--name a --secrets s --secret-command cat", "not allowed with"),
        ("--older-than -1 --secrets s", "--older-than takes days"),
        ("--older-than nan --secrets s", "--older-than takes days"),
        ("--name a --secrets s --at-once 0", "--at-once takes"),
        ("--name a --secrets s --ready-within -1", "--ready-within takes"),
        ("--name a --secrets rotation.report", "files of their own"),
        ("--name a --secrets missing/s", "there is no folder"),
        ("--name a --secret-command '", "--secret-command: No closing quotation"),
        ("--name a --secret-command no-such-program", "there is no program 'no-such-program'"),
    ],
)
def test_bad_arguments_are_named(arguments: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parsed(arguments.split())
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    "environ, says",
    [
        ({}, "MATATIKA_CLIENT_SECRET not set"),
        ({"MATATIKA_ACCESS_TOKEN": "a.b.c", "MATATIKA_CLIENT_ID": ""}, "does not tell which key it is from"),
    ],
)
async def test_bad_settings_are_named_and_nothing_is_sent(world: World, environ: dict[str, str], says: str) -> None:
    ended = await world.run(MATATIKA_CLIENT_SECRET="", **environ)
    assert (ended.code, ended.stdout, ended.stderr.count("\n"), says in ended.stderr) == (2, "", 1, True)
    assert not world.server.requests


def test_on_a_terminal_there_is_a_bar_that_names_what_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    with progress(1) as step:
        step(Key(id=uuid4(), name="[red]\x1b[2J", client_id=None, status="failed", reason="why"))
    shown = capsys.readouterr().err
    assert "failed '[red]\\x1b[2J'" in shown
    assert "1/1" in shown
