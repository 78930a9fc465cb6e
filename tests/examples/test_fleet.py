"""The fleet: a run is started once, whichever worker is killed, and all workers share one token."""

from __future__ import annotations

import asyncio
import copyreg
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aiomatatika import ConflictError, NotFoundError
from aiomatatika.testing import MatatikaServer, Row, Run
from aiomatatika.transport.clock import Clock
from examples.fleet.run_once import run_once

from .programs import environment

STARTS: dict[str, Any] = {"method": "POST", "path": "/api/pipelines/*/jobs"}


class Notes(dict[str, str]):
    async def read(self, pipeline: str, /) -> str | None:
        return self.get(pipeline)

    async def write(self, pipeline: str, note: str, /) -> None:
        self[pipeline] = note


@pytest.fixture(autouse=True)
def _pickling() -> Iterator[None]:
    """Take back what Dask registers for every exception of the process: other tests ask how ours are pickled."""
    before = dict(copyreg.dispatch_table)
    yield
    copyreg.dispatch_table.clear()
    copyreg.dispatch_table.update(before)


@pytest.fixture
def pipeline(matatika_server: MatatikaServer) -> Row:
    """A pipeline that was run before; its next runs end at once, so that the server refuses none."""
    pipeline = matatika_server.tables["pipelines"].add(status="READY")
    matatika_server.script_runs(pipeline, *[Run(queued=0, seconds=0)] * 3)
    matatika_server.tables["jobs"].add(pipeline_id=pipeline.id, type="PIPELINE_RUN", status="COMPLETE")
    return pipeline


def runs(server: MatatikaServer) -> list[str]:
    """Return the jobs that were started since."""
    return [job.id for job in server.tables["jobs"]][1:]


async def attempt(server: MatatikaServer, pipeline: Row, notes: Notes) -> str:
    async with server.session() as session:
        return str((await run_once(session, pipeline.id, notes, look_for=0)).id)


@pytest.mark.parametrize("fault", [{}, {"drop": "after"}, {"status": 502, "act": True}, {"status": 409, "act": True}])
async def test_a_run_is_started_once_however_often_its_task_begins_anew(
    matatika_server: MatatikaServer, pipeline: Row, fault: dict[str, Any]
) -> None:
    notes = Notes()
    if fault:
        matatika_server.faults.add(**STARTS, **fault)
    found = [await attempt(matatika_server, pipeline, notes) for _ in range(3)]
    assert found == runs(matatika_server) * 3
    await attempt(matatika_server, pipeline, Notes())  # another round
    assert len(runs(matatika_server)) == 2


async def test_a_run_that_a_killed_worker_did_not_get_to_is_started(
    matatika_server: MatatikaServer, pipeline: Row
) -> None:
    notes = Notes()
    matatika_server.faults.add(**STARTS, status=404)
    with pytest.raises(NotFoundError):
        await attempt(matatika_server, pipeline, notes)
    assert [await attempt(matatika_server, pipeline, notes)] == runs(matatika_server)


async def test_a_pipeline_that_runs_already_is_left_alone(matatika_server: MatatikaServer, pipeline: Row) -> None:
    matatika_server.tables["jobs"].add(pipeline_id=pipeline.id, type="PIPELINE_RUN", run=Run())
    with pytest.raises(ConflictError):
        await attempt(matatika_server, pipeline, Notes())


# With Dask: real processes


async def test_the_demo_is_found_through_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    from examples.fleet.coordinator import orders_of
    from examples.fleet.demo import demo
    from examples.fleet.worker import open_session

    with demo(workspaces=3, pipelines=2):
        async with open_session() as session:
            orders = await orders_of(session, "round", within=60, workspaces=["Team [13]"])
    assert [order.label for order in orders] == [f"Team {team}: pipeline {n}" for team in (1, 3) for n in (1, 2)]


def workers_of(program: asyncio.subprocess.Process) -> list[Any]:
    psutil = pytest.importorskip("psutil")
    children = psutil.Process(program.pid).children(recursive=True)
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


async def test_a_worker_killed_in_the_middle_loses_nothing_and_starts_nothing_twice(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed (extra examples)")
    held, count = threading.Event(), 12
    with MatatikaServer.in_thread(clock=Clock()) as server:
        for n in range(count):
            row = server.tables["pipelines"].add(status="READY", label=f"p{n}")
            server.script_runs(row, *[Run(queued=0, seconds=0, status="ERROR" if n == 7 else "COMPLETE")] * 2)
        starts = server.faults.add(**STARTS, delay=held, skip=2, times=None)  # started, and nobody hears of it
        program = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-W",
                "error",
                "-m",
                "examples.fleet",
                "--workers",
                "2",
                "--slots",
                "3",
                "--at-once",
                "6",
            ),
            env=environment(**server.environ(), FLEET_TOKEN_STORE=str(tmp_path / "tokens" / "tokens.json")),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(60):
                await starts.wait(6)
                for worker in workers_of(program):
                    worker.send_signal(signal.SIGKILL)
                held.set()
                out, errors = await program.communicate()
        finally:
            if program.returncode is None:
                program.kill()
                await program.communicate()
        jobs = [job.parents["pipeline_id"] for job in server.tables["jobs"]]
        assert (len(jobs), len({*jobs})) == (count, count)
        assert len(server.requests.token) == 1
    assert (program.returncode, out.decode()) == (1, f"{count - 1} COMPLETE, 1 ERROR\n")
    assert errors.decode().count(" of 12: ") == count
    assert "ERROR 'Built-in workspace: p7' (job " in errors.decode()
