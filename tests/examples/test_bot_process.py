"""``python -m examples.bot`` as a person starts it: in a terminal, on Telegram, and with the wrong variables."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from aiomatatika.testing import MatatikaServer
from examples.bot.__main__ import main
from examples.bot.settings import Settings, SettingsError

from .bot_stage import ALICE, TOKEN, Telegram
from .programs import environment, until


@asynccontextmanager
async def started(folder: Path, **environ: str) -> AsyncIterator[asyncio.subprocess.Process]:
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = (sys.executable, "-W", "error", "-m", "examples.bot")
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environment(**environ), **pipes)
    try:
        yield process
    finally:
        if process.returncode is None:  # the test failed
            process.kill()
            await process.communicate()


async def ended(process: asyncio.subprocess.Process, typed: str = "") -> tuple[int | None, str, str]:
    async with asyncio.timeout(60):
        out, errors = await process.communicate(typed.encode())
    return process.returncode, out.decode(), errors.decode()


async def test_a_chat_in_the_terminal_from_the_first_line_to_the_last(
    matatika_server: MatatikaServer, tmp_path: Path
) -> None:
    (old,) = matatika_server.add_api_keys(1)
    lines = ["/whoami", "/newkey typed", "/rotate key-00001", "#9", "#1", "/keys"]
    async with started(tmp_path, **matatika_server.environ()) as process:
        status, out, errors = await ended(process, "\n".join(lines))  # the input ends: Ctrl-D
    assert (status, errors) == (0, "")
    keys = {key.name: key for key in matatika_server.api_keys.values()}
    assert sorted(keys) == ["default", "key-00001", "typed"]
    assert keys["key-00001"].id != old
    for says in (
        "keys of Person 1 (@person1)",
        f"Client secret: {keys['typed'].client_secret.reveal()}\n",
        f"Client secret: {keys['key-00001'].client_secret.reveal()}\n",
        "There is no such button",
        "3 API keys",
    ):
        assert says in out
    assert len(re.findall(r"deletes message \d+", out)) == 2
    assert list(tmp_path.iterdir()) == []


async def test_alone_it_brings_a_server_of_its_own_and_ends_when_told(tmp_path: Path) -> None:
    async with started(tmp_path) as process, asyncio.timeout(60):
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"/keys\n/quit\n")  # and more could be typed: the input does not end
        assert b"46 API keys" in await process.stdout.read()
        assert await ended(process) == (0, "", "")


async def test_on_telegram_it_ends_in_order_when_it_is_told(
    matatika_server: MatatikaServer, telegram: Telegram, tmp_path: Path
) -> None:
    settings = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": telegram.url, "BOT_USERS": f"1, {ALICE}"}
    async with started(tmp_path, **settings, **matatika_server.environ()) as process:
        telegram.say("/newkey far away", user=ALICE)
        await until(lambda: any("works" in each for each in telegram.texts))
        process.send_signal(signal.SIGTERM)
        status, _, errors = await ended(process)
    assert status == 0
    assert telegram.messages[0].deleted
    assert {"deleteWebhook", "setMyCommands"} <= {method for method, _ in telegram.calls}
    assert [path.name for path in tmp_path.iterdir()] == ["bot-state.json"]
    (key,) = [key for key in matatika_server.api_keys.values() if key.name == "far away"]
    assert not any(secret in errors for secret in (TOKEN, key.client_secret.reveal()))


# The rest in this process: importing aiogram takes seconds


OPERATED = {"TELEGRAM_BOT_TOKEN": TOKEN, "BOT_USERS": "1"}


@pytest.mark.parametrize(
    "environ, status, says",
    [
        ({"TELEGRAM_BOT_TOKEN": TOKEN}, 2, "BOT_USERS is missing"),
        ({"MATATIKA_CLIENT_ID": "half"}, 2, "MATATIKA_CLIENT_SECRET"),
        ({"BOT_STATE": "/missing/state.json"}, 2, "/missing/state.json (BOT_STATE)"),
        (OPERATED | {"TELEGRAM_BOT_TOKEN": "1:another"}, 2, "Telegram does not know TELEGRAM_BOT_TOKEN"),
        (OPERATED | {"TELEGRAM_API_URL": "http://127.0.0.1:9"}, 1, "Telegram cannot be reached"),
    ],
)
async def test_what_keeps_it_from_starting_is_said_in_one_line(
    environ: dict[str, str],
    status: int,
    says: str,
    telegram: Telegram,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    for name, value in ({"TELEGRAM_API_URL": telegram.url} | environ).items():
        monkeypatch.setenv(name, value)
    assert await asyncio.to_thread(main) == status
    errors = capsys.readouterr().err
    assert says in errors
    assert (errors.count("\n"), TOKEN in errors) == (1, False)


MALFORMED = {
    "TELEGRAM_BOT_TOKEN": ("canary", "1:can ary"),
    "BOT_USERS": ("1,alice", "1,,2", "-5", "0"),
    "BOT_WATCH_SECONDS": ("often", "nan", "1"),
    "TELEGRAM_API_URL": ("http://telegram.example", "http://["),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_variable_is_named_and_no_token_shown(name: str) -> None:
    settings = {"TELEGRAM_BOT_TOKEN": TOKEN, "BOT_USERS": " 1 , 2 ", "BOT_WATCH_SECONDS": ""}
    right = Settings.from_env(settings)
    assert (right.users, right.watch_every, TOKEN in repr(right)) == (frozenset({1, 2}), 300.0, False)
    for value in MALFORMED[name]:
        with pytest.raises(SettingsError, match=name) as raised:
            Settings.from_env(settings | {name: value})
        assert not any(secret in str(raised.value) for secret in (TOKEN, "canary"))
