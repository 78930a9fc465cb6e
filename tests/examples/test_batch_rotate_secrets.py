"""batch_rotate.py: where the secrets go, and what is refused for their sake."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from .batch_starter import World


async def test_secrets_and_journal_are_their_owners_alone(world: World) -> None:
    world.add(1)
    await world.run()
    for path in (world.secrets_file, world.journal_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    ((id, record),) = world.secrets().items()
    assert record.keys() >= {"id", "client_id", "client_secret"}
    assert UUID(id) in world.server.api_keys


def make_readable(path: Path) -> None:
    path.touch()
    path.chmod(0o640)


def make_full(path: Path) -> None:
    path.touch(0o600)
    path.write_text('{"id": "00000000-0000-0000-0000-000000000001", "client_id": "a", "client_secret": "b"}\n')


def make_foreign(path: Path) -> None:
    path.touch(0o600)
    os.chown(path, 65_534, -1)


def make_link(path: Path) -> None:
    path.with_name("elsewhere").touch(0o600)
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    "make, says",
    [
        (make_readable, "has mode 0640, and not 0600"),
        (make_full, "holds secrets already: name a new file"),
        pytest.param(
            make_foreign,
            "belongs to another user",
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away"),
        ),
        (make_link, "cannot be opened"),
        (lambda path: os.mkfifo(path, 0o600), "is not a regular file"),
        (lambda path: path.mkdir(), "cannot be opened"),
    ],
    ids=["readable", "full", "foreign", "link", "pipe", "folder"],
)
async def test_a_secrets_file_that_is_not_safe_is_refused(
    world: World, make: Callable[[Path], None], says: str
) -> None:
    world.add(1)
    make(world.secrets_file)
    ended = await world.run()
    assert (ended.code, ended.stdout) == (2, "")
    assert says in ended.stderr
    assert not world.server.requests


async def test_a_secrets_file_that_became_readable_is_not_gone_on_with(world: World) -> None:
    old = world.add(1)
    world.server.faults.add(method="DELETE", status=409)
    assert (await world.run()).code == 1
    world.secrets_file.chmod(0o604)
    assert (await world.run()).code == 2
    world.secrets_file.chmod(0o600)
    assert (await world.run()).code == 0
    await world.check(old)


@pytest.mark.parametrize("how", ["gone", "emptied"])
async def test_no_old_key_is_deleted_where_the_secrets_are_gone(world: World, how: str) -> None:
    old = world.add(1)
    world.server.faults.add(method="DELETE", status=409)
    assert (await world.run()).code == 1
    if how == "gone":
        world.secrets_file.unlink()
    else:
        world.secrets_file.write_text("")
    ended = await world.run()
    assert ended.code == 2
    assert "put it back" in ended.stderr
    assert old.keys() <= world.server.api_keys.keys()


async def test_a_successor_that_somebody_deleted_is_made_again(world: World) -> None:
    old = world.add(1)
    world.server.faults.add(method="DELETE", status=409)
    assert (await world.run()).code == 1
    async with world.server.session() as session:
        await session.apikeys.delete(world.report()[0]["new_id"])
    assert (await world.run()).code == 0
    await world.check(old)


SAVE = "import json, sys; key = json.load(sys.stdin); open('secrets', 'a').write(json.dumps(key) + chr(10))"


@pytest.fixture
def python() -> str:
    return f'{sys.executable} -I -S -c "%s"'


async def test_a_command_gets_each_secret_as_json(world: World, python: str) -> None:
    old = world.add(3)
    assert (await world.run("--secret-command", python % SAVE)).code == 0
    await world.check(old)


async def test_a_secret_that_the_command_does_not_take_is_not_saved(world: World, python: str) -> None:
    old = world.add(3)
    fails = "import sys; 'nightly-00002' in sys.stdin.read() and sys.exit(3)"
    ended = await world.run("--secret-command", python % fails)
    assert ended.code == 1
    row = next(row for row in world.report() if row["status"] != "rotated")
    assert (row["name"], row["new_id"], row["status"]) == ("nightly-00002", None, "failed")
    assert "the secret command ended with exit code 3" in row["reason"]
    assert len(world.server.api_keys) == 4, "its successor is deleted again"
    assert UUID(row["old_id"]) in old.keys() & world.server.api_keys.keys()
    assert (await world.run("--secret-command", python % "")).code == 0
    assert world.statuses() == dict.fromkeys(old.values(), "rotated")
