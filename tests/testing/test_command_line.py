"""``python -m aiomatatika.testing``."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ServerDisconnectedError

import aiomatatika
from aiomatatika.testing import Run
from aiomatatika.testing.__main__ import CLIENT_ID, CLIENT_SECRET, main
from aiomatatika.testing.fault_text import fault_arguments
from aiomatatika.testing.script_text import scripted_run

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(aiomatatika.__file__).parents[1])}
COMMAND = (sys.executable, "-W", "error", "-m", "aiomatatika.testing")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_runs_until_it_is_told_to_end(number: signal.Signals) -> None:
    options = ["--keys", "30", "--pipelines", "3", "--verbose"]
    options += ["--fault", "GET /api/apikeys status=503", "--fault", "/x drop=before"]
    options += ["--script", "nightly: queued=0 seconds=0 status=ERROR", "--script", "nightly:"]
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *options, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    variables: dict[str, str] = {}
    pipeline_id = ""
    async with asyncio.timeout(60):
        while len(variables) < 4:
            line = (await process.stdout.readline()).decode()
            assert line, await process.communicate()
            if match := re.fullmatch(r"export (MATATIKA_\w+)=(\S+)\n", line):
                variables[match[1]] = match[2]
            elif match := re.fullmatch(r"# The pipeline 'nightly' is (\S+); scripted jobs: 2\.\n", line):
                pipeline_id = match[1]
            else:
                assert line.startswith("# ")
    assert (variables["MATATIKA_CLIENT_ID"], variables["MATATIKA_CLIENT_SECRET"]) == (CLIENT_ID, CLIENT_SECRET)
    fields = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "audience": variables["MATATIKA_API_URL"],
    }
    async with ClientSession() as http:
        async with http.post(variables["MATATIKA_TOKEN_URL"], data=fields) as response:
            headers = {"Authorization": f"Bearer {(await response.json())['access_token']}"}
        url = f"{variables['MATATIKA_API_URL']}/apikeys?sort=name,asc"
        async with http.get(url, headers=headers) as response:
            assert response.status == 503
        async with http.get(url, headers=headers) as response:
            assert (await response.json(content_type=None))["page"]["totalElements"] == 31
        jobs = f"{variables['MATATIKA_API_URL']}/pipelines/{pipeline_id}/jobs"
        async with http.post(jobs, headers=headers) as response:
            assert (await response.json(content_type=None))["status"] == "ERROR"
        async with http.get(f"{variables['MATATIKA_API_URL']}/workspaces", headers=headers) as response:
            (workspace,) = (await response.json(content_type=None))["_embedded"]["workspaces"]
        async with http.get(workspace["_links"]["pipelines"]["href"], headers=headers) as response:
            assert (await response.json(content_type=None))["page"]["totalElements"] == 4
        with pytest.raises(ServerDisconnectedError):
            await http.post(variables["MATATIKA_API_URL"].replace("/api", "/x"))
        process.send_signal(number)
        async with asyncio.timeout(60):
            out, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    assert out.decode().splitlines() == [
        "# POST /oauth/token 200",
        "# GET /api/apikeys?sort=name,asc 503",
        "# GET /api/apikeys?sort=name,asc 200",
        f"# POST /api/pipelines/{pipeline_id}/jobs 201",
        "# GET /api/workspaces 200",
        f"# GET /api/workspaces/{workspace['id']}/pipelines 200",
        "# POST /x no response",
    ]


@pytest.mark.parametrize(
    "arguments, status, words",
    [
        (["--help"], 0, [CLIENT_ID, CLIENT_SECRET, "MatatikaSession.from_env()", "cut_after=BYTES", "--verbose"]),
        (["--help"], 0, ["--keys", "--script", "queued=SECONDS", "seconds=SECONDS", "log=LINE|LINE", "attempts=N"]),
        (["--keys", "-1"], 2, ["whole number from 0"]),
        (["--port", "70000"], 2, ["whole number from 0 to 65535"]),
        (["more"], 2, ["unrecognized arguments: more"]),
        (["--script", "nightly"], 2, ["argument --script: 'nightly': say which pipeline"]),
        (["--fault", "GET /x stat=1"], 2, ["unknown name 'stat': use one of header, status"]),
    ],
)
def test_help_and_wrong_arguments(
    arguments: list[str], status: int, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    shown = "".join(capsys.readouterr())
    assert (end.value.code, [word for word in words if word not in shown]) == (status, [])


@pytest.mark.parametrize("host", ["example.com", "0.0.0.0", "::"])
def test_Z21_a_host_that_is_not_loopback(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--host", host]) == 1
    out, error = capsys.readouterr()
    assert (out, f"Cannot listen on {host}: host must be a loopback address" in error) == ("", True)


@pytest.mark.parametrize(
    "text, arguments",
    [
        ("GET /api/apikeys status=503 times=2", {"method": "GET", "path": "/api/apikeys", "status": 503, "times": 2}),
        ("/api/apikeys/* drop=after reset=yes", {"path": "/api/apikeys/*", "drop": "after", "reset": True}),
        ("/api/apikeys?page=1 delay=1.5", {"path": "/api/apikeys", "query": {"page": "1"}, "delay": 1.5}),
        ("PUT act=yes status=500 times=forever", {"method": "PUT", "act": True, "status": 500, "times": None}),
        ("status=429 header='Retry-After: 3' header=X:", {"status": 429, "headers": {"Retry-After": "3", "X": ""}}),
        ("body='so it is' drip=0 skip=1", {"body": "so it is", "drip": 0.0, "skip": 1}),
        ("cut_after=10", {"cut_after": 10}),
    ],
)
def test_a_fault_in_a_line_of_text(text: str, arguments: dict[str, Any]) -> None:
    assert fault_arguments(text) == arguments


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "it does nothing"),
        ("GET /x times=2", "it does nothing"),
        ("status=500 /x", "'/x' is neither a METHOD nor a /path nor NAME=VALUE"),
        ("status=50", "'status=50': give a status from 200 to 999"),
        ("delay=soon", "'delay=soon': give a number of seconds"),
        ("skip=some", "'skip=some': give a whole number"),
        ("drop=sometimes", 'drop is "before" or "after"'),
        ("drop=after reset=maybe", "'reset=maybe': give yes or no"),
        ("status=500 times=0", "'times=0': give a number from 1, or forever"),
        ("status=500 status=501", "status is given twice"),
        ("header=x", "'header=x': give header=NAME:VALUE"),
        ("drop=before status=500", "drop and raw leave nothing of a response to change"),
        ("body='open", "No closing quotation"),
    ],
)
def test_a_text_that_is_not_a_fault(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        fault_arguments(text)


@pytest.mark.parametrize(
    "text, label, run",
    [
        ("nightly:", "nightly", Run()),
        ("a b : queued=0 seconds=1.5", "a b", Run(queued=0, seconds=1.5)),
        ("x: status=ERROR attempts=3 log='One.|Two.'", "x", Run(status="ERROR", attempts=3, log=("One.", "Two."))),
    ],
)
def test_a_script_in_a_line_of_text(text: str, label: str, run: Run) -> None:
    assert scripted_run(text) == (label, run)


@pytest.mark.parametrize(
    "text, message",
    [
        ("status=ERROR", "say which pipeline"),
        (" : status=ERROR", "say which pipeline"),
        ("x: status=BROKEN", "'status=BROKEN': give one of COMPLETE, ERROR, STOPPED"),
        ("x: attempts=0", "'attempts=0': give a number from 1"),
        ("x: fast", "'fast' is not NAME=VALUE"),
        ("x: times=2", "unknown name 'times': use one of queued, seconds, status, log, attempts"),
        ("x: queued=1 queued=2", "queued is given twice"),
    ],
)
def test_a_text_that_is_not_a_script(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        scripted_run(text)
