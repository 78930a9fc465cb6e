"""Fixtures of the examples' tests: the batch program in its world, the bot between its two servers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from aiomatatika.testing import MatatikaServer
from examples.bot.stand_in import StandIn

from .batch_starter import Starter, World, opened_world, started_starter
from .bot_stage import TOKEN, Stage, stage


@pytest.fixture(scope="module")
def starter() -> Iterator[Starter]:
    with started_starter() as starter:
        yield starter


@pytest.fixture
async def world(starter: Starter, tmp_path: Path) -> AsyncIterator[World]:
    async with opened_world(starter, tmp_path) as world:
        yield world


@pytest.fixture
async def telegram() -> AsyncIterator[StandIn]:
    async with StandIn(TOKEN) as telegram:
        yield telegram


@pytest.fixture
async def on(matatika_server: MatatikaServer, telegram: StandIn) -> AsyncIterator[Stage]:
    async with stage(matatika_server, telegram) as on:
        yield on
