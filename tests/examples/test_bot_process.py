"""``python -m examples.bot`` as a person starts it: in a terminal, on Telegram, and with the wrong variables."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import examples.bot
from aiomatatika.testing import MatatikaServer
from examples.bot.__main__ import main
from examples.bot.settings import Settings, SettingsError
from examples.bot.stand_in import StandIn

from .bot_stage import ALICE, TOKEN, until

ROOT = Path(examples.bot.__file__).parents[2]
CLEAN = {
    name: value for name, value in os.environ.items() if not name.startswith(("MATATIKA_", "BOT_", "TELEGRAM_"))
} | {"PYTHONPATH": str(ROOT)}
COMMAND = (sys.executable, "-W", "error", "-m", "examples.bot")


async def started(folder: Path, **environ: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *COMMAND,
        env=CLEAN | environ,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


async def ended(process: asyncio.subprocess.Process, typed: str = "") -> tuple[int | None, str, str]:
    async with asyncio.timeout(30):
        out, errors = await process.communicate(typed.encode())
    return process.returncode, out.decode(), errors.decode()


async def test_a_chat_in_the_terminal_from_the_first_line_to_the_last(
    matatika_server: MatatikaServer, tmp_path: Path
) -> None:
    (old,) = matatika_server.add_api_keys(1)
    process = await started(tmp_path, **matatika_server.environ())
    lines = ["/whoami", "/newkey typed", "/rotate key-00001", "#9", "#1", "/keys"]
    status, out, errors = await ended(process, "\n".join(lines))  # the input ends: Ctrl-D
    assert (status, errors) == (0, "")
    keys = {key.name: key for key in matatika_server.api_keys.values()}
    assert sorted(keys) == ["default", "key-00001", "typed"]
    assert keys["key-00001"].id != old
    assert "keys of Person 1 (@person1)" in out
    assert f"Client secret: {keys['typed'].client_secret.reveal()}\n" in out
    assert f"Client secret: {keys['key-00001'].client_secret.reveal()}\n" in out
    assert "There is no such button" in out
    assert "3 API keys" in out
    assert len(re.findall(r"deletes message \d+", out)) == 2
    assert list(tmp_path.iterdir()) == []


async def test_alone_it_brings_a_server_of_its_own_and_ends_when_told(tmp_path: Path) -> None:
    process = await started(tmp_path)
    assert process.stdin
    assert process.stdout
    process.stdin.write(b"/keys\n/quit\n")  # and more could be typed: the input does not end
    async with asyncio.timeout(30):
        out = (await process.stdout.read()).decode()
        assert await process.wait() == 0
    assert "46 API keys" in out
    assert await ended(process) == (0, "", "")


async def test_on_telegram_it_ends_in_order_when_it_is_told(matatika_server: MatatikaServer, tmp_path: Path) -> None:
    async with StandIn(TOKEN) as telegram:
        process = await started(
            tmp_path,
            TELEGRAM_BOT_TOKEN=TOKEN,
            TELEGRAM_API_URL=telegram.url,
            BOT_USERS=f"1, {ALICE}",
            **matatika_server.environ(),
        )
        telegram.say("/newkey far away", user=ALICE)
        await until(lambda: any("works" in each.text for each in telegram.messages))
        process.send_signal(signal.SIGTERM)
        status, _, errors = await ended(process)
        assert status == 0
        assert telegram.messages[0].deleted
        assert (tmp_path / "bot-state.json").exists()
        assert TOKEN not in errors
        (key,) = [key for key in matatika_server.api_keys.values() if key.name == "far away"]
        assert key.client_secret.reveal() not in errors


# The rest in this process: importing aiogram takes seconds


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in os.environ.keys() - CLEAN.keys():
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.mark.parametrize(
    "environ, says",
    [
        ({"TELEGRAM_BOT_TOKEN": TOKEN}, "BOT_USERS is missing"),
        ({"MATATIKA_CLIENT_ID": "half"}, "MATATIKA_CLIENT_SECRET"),
        ({"BOT_STATE": "/missing/state.json"}, "BOT_STATE"),
    ],
)
def test_settings_that_cannot_work_are_one_line(
    environ: dict[str, str], says: str, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environ.items():
        environment.setenv(name, value)
    assert main() == 2
    out, errors = capsys.readouterr()
    assert out == ""
    assert says in errors
    assert len(errors.splitlines()) == 1
    assert TOKEN not in errors


@pytest.mark.parametrize(
    "knows, status, says",
    [("1:another", 2, "Telegram does not know TELEGRAM_BOT_TOKEN"), ("", 1, "Telegram cannot")],
)
async def test_a_telegram_that_will_not_have_the_bot_is_one_line(
    knows: str, status: int, says: str, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with StandIn(knows) as telegram:
        environment.setenv("TELEGRAM_API_URL", telegram.url if knows else "http://127.0.0.1:9")
        environment.setenv("TELEGRAM_BOT_TOKEN", TOKEN)
        environment.setenv("BOT_USERS", "1")
        assert await asyncio.to_thread(main) == status
    errors = capsys.readouterr().err
    assert errors.startswith(says)
    assert len(errors.splitlines()) == 1
    assert TOKEN not in errors


@pytest.mark.parametrize(
    "name, value",
    [
        ("TELEGRAM_BOT_TOKEN", "canary"),
        ("TELEGRAM_BOT_TOKEN", "1:can ary"),
        ("BOT_USERS", "1,alice"),
        ("BOT_USERS", "1,,2"),
        ("BOT_USERS", "-5"),
        ("BOT_USERS", "0"),
        ("BOT_WATCH_SECONDS", "often"),
        ("BOT_WATCH_SECONDS", "nan"),
        ("BOT_WATCH_SECONDS", "1"),
        ("TELEGRAM_API_URL", "http://telegram.example"),
        ("TELEGRAM_API_URL", "http://["),
    ],
)
def test_a_malformed_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as raised:
        Settings.from_env({"TELEGRAM_BOT_TOKEN": TOKEN, "BOT_USERS": "1", name: value})
    assert TOKEN not in str(raised.value)
    assert "canary" not in str(raised.value)


def test_settings_show_no_token() -> None:
    settings = Settings.from_env({"TELEGRAM_BOT_TOKEN": TOKEN, "BOT_USERS": " 1 , 2 "})
    assert settings.users == {1, 2}
    assert TOKEN not in repr(settings)
    assert str(settings.state) == "bot-state.json"
