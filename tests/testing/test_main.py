"""``python -m aiomatatika.testing``."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import ClientSession

import aiomatatika
from aiomatatika.testing.__main__ import _run, main

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(aiomatatika.__file__).parents[1])}
COMMAND = (sys.executable, "-W", "error", "-m", "aiomatatika.testing")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_prints_how_to_reach_it_and_ends_when_told(number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--keys", "30", env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    variables: dict[str, str] = {}
    async with asyncio.timeout(20):
        while len(variables) < 4:
            line = (await process.stdout.readline()).decode()
            assert line, await process.communicate()
            if match := re.fullmatch(r"export (MATATIKA_\w+)='?([^\s']+)'?\n", line):
                variables[match[1]] = match[2]
            else:
                assert line.startswith("# ")
    fields = {
        "grant_type": "client_credentials",
        "client_id": variables["MATATIKA_CLIENT_ID"],
        "client_secret": variables["MATATIKA_CLIENT_SECRET"],
        "audience": variables["MATATIKA_API_URL"],
    }
    async with ClientSession() as http:
        async with http.post(variables["MATATIKA_TOKEN_URL"], data=fields) as response:
            token = (await response.json())["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with http.get(f"{variables['MATATIKA_API_URL']}/apikeys/", headers=headers) as response:
            assert (await response.json(content_type=None))["page"]["totalElements"] == 31
        process.send_signal(number)
        async with asyncio.timeout(10):
            out, errors = await process.communicate()
    assert (process.returncode, out, errors) == (0, b"", b"")


async def test_it_runs_in_this_process_too(capsys: pytest.CaptureFixture[str]) -> None:
    running = asyncio.create_task(_run("127.0.0.1", 0, 2))
    out = ""
    while "CLIENT_SECRET" not in out:
        await asyncio.sleep(0.01)
        out += capsys.readouterr().out
    assert "has 3 API key(s)" in out
    os.kill(os.getpid(), signal.SIGTERM)
    await running


def test_help_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    for word in ("python -m aiomatatika.testing", "--host", "--port", "--keys", "MatatikaSession.from_env()", "Ctrl-C"):
        assert word in shown


@pytest.mark.parametrize("wrong", [["--keys", "-1"], ["--port", "70000"], ["--port", "x"], ["more"]])
def test_wrong_arguments(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(wrong)
    assert end.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_host_that_will_not_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--host", "example.com"]) == 1
    assert "example.com" in capsys.readouterr().err
