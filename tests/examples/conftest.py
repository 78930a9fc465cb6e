"""Fixtures of the examples' tests: the batch program in its world, the bot between its two servers."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aiomatatika.testing import MatatikaServer
from examples.bot.state import State

from .batch_starter import Starter, World, opened_world
from .bot_stage import Stage, Start, Telegram, stage
from .web_app_running import WebApp, running

SAVE = """
import json, os, sys, time
key = json.load(sys.stdin)
assert len(sys.argv) == 1 and key["client_secret"] not in str(os.environ)
print(key)
while os.path.exists("hold"):
    open("waiting", "w").close()
    time.sleep(0.01)
with open("secrets", "a") as file:
    file.write(json.dumps(key) + "\\n")
"""


@pytest.fixture(scope="module")
def starter() -> Iterator[Starter]:
    with closing(Starter()) as starter:
        yield starter


@pytest.fixture
async def world(starter: Starter, tmp_path: Path) -> AsyncIterator[World]:
    async with opened_world(starter, tmp_path) as world:
        yield world


@pytest.fixture
def command(world: World) -> str:
    """Return a secret command, which waits as long as there is a file named ``hold``."""
    (world.folder / "save.py").write_text(SAVE)
    return f"{sys.executable} -I -S save.py"


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with Telegram() as telegram:
        yield telegram


@pytest.fixture
def start(matatika_server: MatatikaServer, telegram: Telegram, tmp_path: Path) -> Start:
    """Return what starts the bot, which remembers what it did before."""
    return lambda **options: stage(matatika_server, telegram, State.at(tmp_path / "state.json"), **options)


@pytest.fixture
async def on(start: Start) -> AsyncIterator[Stage]:
    async with start() as on:
        yield on


@pytest.fixture
async def app(request: pytest.FixtureRequest, matatika_server: MatatikaServer) -> AsyncIterator[WebApp]:
    """The web app, with the options that a test names by `indirect`."""
    async with running(matatika_server, **getattr(request, "param", {})) as app:
        yield app
