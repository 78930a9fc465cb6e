"""batch_rotate.py, killed: each key is rotated once and no secret is lost, wherever the SIGKILL falls."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aiomatatika.testing import Fault

from .batch_starter import Starter, World, lines, opened_world, reached, until

SEED = 20_240_611
KILLS = 50
KEYS = 60

ONE_KEY = "/api/apikeys/*"


async def killed_at(world: World, *options: str, **fault: Any) -> Fault:
    """Run the program, and kill it while the answer to one of its requests is held back."""
    event = asyncio.Event()
    planned = world.server.faults.add(delay=event, **fault)
    run = await world.start(*options)
    await reached(planned)
    assert await run.kill()
    event.set()
    return planned


# Anywhere


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
            await asyncio.sleep(pause)
        case _:
            method, path = dice.choice(
                [("POST", None), ("PUT", None), ("PUT", None), ("PUT", None), ("DELETE", None), ("GET", ONE_KEY)]
            )
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


# At each step


@pytest.mark.parametrize(
    "step, puts",
    [
        ({"method": "GET", "path": "/api/apikeys", "drop": "before"}, 3),
        ({"method": "POST"}, 3),
        ({"method": "PUT", "drop": "before"}, 4),
        # It was carried out and its secret is lost: one PUT finds that out, another makes the successor.
        ({"method": "PUT"}, 5),
        # The secret is saved: no successor is made again.
        ({"method": "GET", "path": ONE_KEY}, 3),
        ({"method": "DELETE", "drop": "before"}, 3),
        ({"method": "DELETE"}, 3),
    ],
    ids=[
        "selecting",
        "initialised",
        "before the PUT",
        "after the PUT",
        "saved",
        "before the DELETE",
        "after the DELETE",
    ],
)
async def test_killed_at_a_step_it_goes_on_from_there(world: World, step: dict[str, Any], puts: int) -> None:
    old = world.add(3)
    await killed_at(world, "--at-once", "1", **step, skip=step.get("method") != "GET")
    ended = await world.run()
    assert ended.code == 0, ended
    await world.check(old)
    assert world.server.requests.methods().count("PUT") == puts


async def test_a_put_that_is_carried_out_late_makes_no_second_successor(world: World) -> None:
    old = world.add(1)
    await killed_at(world, method="PUT", drop="before")
    late = next(request for request in world.server.requests if request.method == "PUT")

    async def carry_out() -> None:
        async with aiohttp.ClientSession() as http:
            await http.put(world.server.url + late.path, data=late.body, headers=late.headers)

    event = asyncio.Event()
    deleting = world.server.faults.add(method="DELETE", delay=event, drop="before")
    run = await world.start()
    await reached(deleting)
    await carry_out()
    event.set()
    assert (await run.ended()).code == 0
    await world.check(old)
    await carry_out()
    await world.check(old)


async def test_a_put_that_comes_late_under_an_id_that_was_given_up_is_deleted_again(world: World) -> None:
    old = world.add(1)
    await killed_at(world, method="PUT")
    late = next(request for request in world.server.requests if request.method == "PUT")
    event = asyncio.Event()
    proving = world.server.faults.add(method="GET", path=ONE_KEY, delay=event)
    run = await world.start()
    await reached(proving)
    async with aiohttp.ClientSession() as http:
        assert (await http.put(world.server.url + late.path, data=late.body, headers=late.headers)).status == 201
    event.set()
    assert (await run.ended()).code == 0
    await world.check(old)


async def test_a_secret_whose_line_is_torn_is_not_saved(world: World) -> None:
    old = world.add(2)
    await killed_at(world, "--at-once", "1", method="PUT", skip=1)
    torn = lines(world.journal_file)[-1]["new"]
    with world.secrets_file.open("a") as file:
        file.write(f'{{"id": "{torn}", "client_id": "abc", "client_sec')
    assert (await world.run()).code == 0
    await world.check(old)
    assert torn not in world.secrets()


async def test_a_line_of_the_journal_that_is_torn_was_not_written(world: World) -> None:
    old = world.add(2)
    await killed_at(world, "--at-once", "1", method="GET", path=ONE_KEY)
    text = world.journal_file.read_text()
    assert '"event": "saved"' in text.splitlines()[-1]
    world.journal_file.write_text(text[:-20])
    assert (await world.run()).code == 0
    await world.check(old)
    assert world.server.requests.methods().count("PUT") == 2, "the secrets file knows that the secret is saved"


async def test_a_selection_that_is_torn_is_made_anew(world: World) -> None:
    await killed_at(world, method="POST")
    world.journal_file.write_text(world.journal_file.read_text()[:30])
    old = world.add(2)
    assert (await world.run()).code == 0
    await world.check(old)


# A command that takes the secrets

SAVE = """
import json, os, sys, time
key = json.load(sys.stdin)
assert len(sys.argv) == 1 and key["client_secret"] not in str(os.environ)
while os.path.exists("hold") and not os.path.exists("go"):
    open("waiting", "w").close()
    time.sleep(0.01)
with open("secrets", "a") as file:
    file.write(json.dumps(key) + "\\n")
"""


@pytest.fixture
def command(world: World) -> str:
    (world.folder / "save.py").write_text(SAVE)
    return f"{sys.executable} -I -S save.py"


async def test_killed_while_the_command_runs_nobody_rotates_before_it_has_ended(world: World, command: str) -> None:
    old = world.add(1)
    (world.folder / "hold").touch()
    run = await world.start("--secret-command", command)
    await until((world.folder / "waiting").exists)
    assert await run.kill()
    refused = await world.run("--secret-command", command)
    assert refused.code == 2
    assert "in use" in refused.stderr
    (world.folder / "go").touch()
    await until(world.secrets_file.exists)
    async with asyncio.timeout(30):
        while (ended := await world.run("--secret-command", command)).code == 2:
            pass  # the command is about to end
    assert ended.code == 0
    await world.check(old)


async def test_a_secret_that_the_command_has_is_not_made_again_after_a_kill(world: World, command: str) -> None:
    old = world.add(2)
    options = ("--secret-command", command, "--ready-within", "0.2", "--at-once", "1")
    await killed_at(world, *options, method="GET", path=ONE_KEY, skip=1)
    assert (await world.run(*options)).code == 0
    await world.check(old)
    assert world.server.requests.methods().count("PUT") == 2
