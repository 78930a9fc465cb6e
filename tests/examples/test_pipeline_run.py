"""pipeline_run.py: what it starts, finds, shows and stops. In-process its waits take no time."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from aiomatatika import Job, JobStatus, Pipeline
from aiomatatika.testing import ControlledClock, MatatikaServer, Row, Run
from examples.pipeline_run import arguments, main, run
from examples.runs.display import LiveTable
from examples.runs.watching import PipelineRun

from .programs import ROOT, environment, until

LONG = Run(queued=0, seconds=7200, log=["It begins.", "It goes on."])


@pytest.fixture
def server(matatika_server: MatatikaServer, monkeypatch: pytest.MonkeyPatch) -> MatatikaServer:
    for name, value in matatika_server.environ().items():
        monkeypatch.setenv(name, value)
    return matatika_server


@pytest.fixture
def orders(server: MatatikaServer) -> Row:
    return server.tables["pipelines"].add(name="orders")


def clock_of(server: MatatikaServer) -> ControlledClock:
    assert isinstance(server.clock, ControlledClock)
    return server.clock


def jobs(server: MatatikaServer) -> list[str]:
    return [str(job.document["status"]) for job in server.tables["jobs"]]


async def run_at_once(server: MatatikaServer, *argv: str) -> int:
    with clock_of(server).installed():
        return await run(arguments(argv))


async def test_each_run_is_shown_with_the_log_of_one(
    server: MatatikaServer, orders: Row, capsys: pytest.CaptureFixture[str]
) -> None:
    server.tables["pipelines"].add(name="customers", status="READY")
    server.tables["pipelines"].add(name="later", status="DRAFT")
    server.script_runs(orders, Run(seconds=60, status="ERROR", attempts=2, log=["one", "\x1b[31mtwo\x1b[0m\a"]))
    assert await run_at_once(server, "--all", "--log", "orders") == 1
    lines = re.sub(r"job [-0-9a-f]{36}", "job", capsys.readouterr().out).splitlines()
    assert [line for line in lines if line.startswith("customers")] == [
        f"customers: {state}, job" for state in ("QUEUED", "RUNNING", "COMPLETE")
    ]
    assert lines.count("orders | one") == lines.count("orders | two ") == 1
    assert "orders: ERROR, job, attempt 2 of 2, exit code 1" in lines
    assert lines[-1] == "Runs: 1 COMPLETE, 1 ERROR."
    assert await run_at_once(server, "customers", str(orders.id)) == 0


async def test_a_run_that_is_going_on_is_watched(
    server: MatatikaServer, orders: Row, capsys: pytest.CaptureFixture[str]
) -> None:
    server.script_runs(orders, Run(queued=3600))
    server.tables["jobs"].add(pipeline_id=orders.id, type="PIPELINE_CONFIG", status="COMPLETE")
    server.tables["jobs"].add(pipeline_id=orders.id, run=Run(queued=0))
    assert await run_at_once(server, "orders") == 0
    assert "found going on" in capsys.readouterr().out
    assert jobs(server) == ["COMPLETE", "COMPLETE"]


async def test_a_run_that_another_starts_first_is_watched(server: MatatikaServer, orders: Row) -> None:
    server.faults.add(method="POST", path="/api/pipelines/*/jobs", status=409, act=True)
    assert await run_at_once(server, "orders") == 0
    assert jobs(server) == ["COMPLETE"]


async def test_what_goes_wrong_with_one_run_leaves_the_others_alone(
    server: MatatikaServer, orders: Row, capsys: pytest.CaptureFixture[str]
) -> None:
    server.tables["pipelines"].add(name="customers")
    server.faults.add(method="POST", path=f"/api/pipelines/{orders.id}/jobs", status=403)
    server.faults.add(path="/api/jobs/*/logs", status=404)
    assert await run_at_once(server, "--all") == 1
    out = capsys.readouterr().out
    assert re.search(r"orders: FAILED, .*403", out)
    assert "(the log cannot be read" in out
    assert out.endswith("Runs: 1 COMPLETE, 1 FAILED.\n")


@pytest.mark.parametrize(
    "argv, words",
    [
        (["nobody"], "0 pipelines are named 'nobody'. There are: orders, orders"),
        (["orders"], "2 pipelines are named 'orders'"),
        (["--all", "--workspace", "nowhere"], "which workspace?"),
    ],
)
def test_what_is_not_clear_is_refused(
    server: MatatikaServer, orders: Row, argv: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.tables["pipelines"].add(name="orders")
    assert main(argv) == 2
    assert words in capsys.readouterr().err
    assert jobs(server) == []


@pytest.mark.parametrize("argv", [[], ["orders", "--all"]])
def test_either_some_pipelines_or_all(argv: list[str]) -> None:
    with pytest.raises(SystemExit):
        arguments(argv)


# Ctrl-C


@contextmanager
def started(server: MatatikaServer, out: Path, *argv: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start it in a process of its own, which prints into a file."""
    program = str(ROOT / "examples" / "pipeline_run.py")
    command = [sys.executable, "-X", "dev", "-W", "error", program, *argv]
    with out.open("wb") as file:
        process = subprocess.Popen(command, env=environment(**server.environ()), stdout=file, stderr=file)
    try:
        yield process
    finally:
        process.kill()  # where the test failed: otherwise it has ended
        process.wait()


def says(out: Path, *texts: str) -> Callable[[], bool]:
    return lambda: all(text in out.read_text() for text in texts)


async def test_ctrl_c_stops_watching_and_the_next_start_goes_on(
    server: MatatikaServer, orders: Row, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.script_runs(orders, LONG)
    out = tmp_path / "out"
    with started(server, out, "orders") as process:
        await until(says(out, "orders: RUNNING"))
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert says(out, "Runs: 1 RUNNING.", "1 may go on without being watched")()
    assert jobs(server) == ["RUNNING"]
    assert await run_at_once(server, "orders") == 0
    assert "orders | It goes on." in capsys.readouterr().out
    assert jobs(server) == ["COMPLETE"]


async def test_with_stop_ctrl_c_stops_the_jobs_a_queued_one_as_soon_as_it_runs(
    server: MatatikaServer, orders: Row, tmp_path: Path
) -> None:
    customers = server.tables["pipelines"].add(name="customers")
    server.script_runs(orders, LONG)
    server.script_runs(customers, Run(queued=3600, seconds=7200))
    out = tmp_path / "out"
    with started(server, out, "--all", "--stop") as process:
        await until(says(out, "orders: RUNNING", "customers: QUEUED"))
        process.send_signal(signal.SIGINT)
        await until(lambda: any(request.method == "PUT" for request in server.requests))
        clock_of(server).advance(3600)
        assert process.wait(60) == 130
    assert says(out, "Runs: 2 STOPPED.")()
    assert jobs(server) == ["STOPPED", "STOPPED"]


# The picture


def test_on_a_small_screen_what_needs_attention_comes_first() -> None:
    def of(number: int, status: str) -> PipelineRun:
        job = Job(id=server_id, status=JobStatus(status))
        return PipelineRun(Pipeline(id=server_id, name=f"pipeline-{number}"), job)

    server_id = MatatikaServer().workspace_id
    runs = [of(number, "COMPLETE") for number in range(30)] + [of(30, "ERROR"), of(31, "RUNNING")]
    table = LiveTable(runs, runs[31])
    for number in range(500):
        table.line(runs[31], f"line {number}\x1b[2J")
    console = Console(width=100, height=24)
    with console.capture() as capture:
        console.print(table.picture(console.height))
    text = capture.get()
    assert len(text.splitlines()) <= 24
    assert text.index("pipeline-31") < text.index("pipeline-30") < text.index("pipeline-0 ")
    assert all(shown in text for shown in ("30 COMPLETE, 1 ERROR, 1 RUNNING", "log of pipeline-31", "line 499 "))
