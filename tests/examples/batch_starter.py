"""Starts batch_rotate.py as a process of its own, and fast: a process that has imported it forks for each start."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from aiomatatika import ClientCredentials, MatatikaSession
from aiomatatika.testing import Fault, MatatikaServer

ROOT = Path(__file__).parent.parent.parent
PROGRAM = ROOT / "examples" / "batch_rotate.py"

_FORKS = """
import json, os, resource, signal, sys, traceback
from examples.batch_rotate import main

for line in sys.stdin:
    job = json.loads(line)
    pid = os.fork()
    if pid == 0:
        status = 99
        try:
            os.environ.update(job["environ"])
            os.chdir(job["folder"])
            if limit := job["environ"].get("RLIMIT_FSIZE"):
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
            for number, path in enumerate((os.devnull, "stdout", "stderr")):
                os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
            status = main(job["arguments"])
        except SystemExit as end:
            status = end.code
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    print(pid, flush=True)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    print("over", flush=True)
    sys.stdin.readline()  # until then the pid is no other's: it may still be sent a signal
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Starter:
    """The process that forks."""

    def __init__(self) -> None:
        self.last: Run | None = None
        environ = {name: value for name, value in os.environ.items() if not name.startswith("MATATIKA_")}
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", _FORKS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**environ, "PYTHONPATH": str(ROOT)},
        )

    async def read(self) -> str:
        assert self._process.stdout is not None
        return await asyncio.to_thread(self._process.stdout.readline)

    def write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    async def start(self, job: dict[str, Any]) -> int:
        self.write(json.dumps(job))
        return int(await self.read())

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@contextmanager
def started_starter() -> Iterator[Starter]:
    starter = Starter()
    try:
        yield starter
    finally:
        starter.close()


@dataclass
class Ended:
    code: int
    stdout: str
    stderr: str


class Run:
    """A run of the program."""

    def __init__(self, pid: int, starter: Starter, folder: Path) -> None:
        self.over = False
        self._pid = pid
        self._starter = starter
        self._folder = folder
        starter.last = self
        self._code = asyncio.ensure_future(self._wait())

    async def _wait(self) -> int:
        await self._starter.read()
        self.over = True
        self._starter.write("")
        return int(await self._starter.read())

    async def ended(self) -> Ended:
        code = await asyncio.wait_for(asyncio.shield(self._code), 20)
        return Ended(code, (self._folder / "stdout").read_text(), (self._folder / "stderr").read_text())

    def send(self, number: signal.Signals) -> None:
        if not self.over:
            os.kill(self._pid, number)

    async def kill(self) -> bool:
        """Kill it, and tell whether it was killed or had come to its end by itself."""
        self.send(signal.SIGKILL)
        return (await self.ended()).code == -signal.SIGKILL


class World:
    """A server with keys to rotate, and a folder in which the program runs."""

    def __init__(self, server: MatatikaServer, folder: Path, starter: Starter) -> None:
        self.server = server
        self.folder = folder
        self.starter = starter
        self.secrets_file = folder / "secrets"
        self.journal_file = folder / "rotation.journal"
        self.untouched = {server.default_key_id}

    def add(self, count: int, prefix: str = "nightly") -> dict[UUID, str]:
        return {id: self.server.api_keys[id].name for id in self.server.add_api_keys(count, prefix)}

    async def start(self, *options: str, **environ: str) -> Run:
        """Start it with a pattern and a secrets file, unless it is told otherwise."""
        arguments = list(options)
        if not {"--name", "--older-than"} & {*options}:
            arguments += ["--name", "nightly-*"]
        if not {"--secrets", "--secret-command", "--dry-run"} & {*options}:
            arguments += ["--secrets", "secrets"]
        environ = {**self.server.environ(), **environ}
        job = {"arguments": arguments, "environ": environ, "folder": str(self.folder)}
        return Run(await self.starter.start(job), self.starter, self.folder)

    async def run(self, *options: str, **environ: str) -> Ended:
        return await (await self.start(*options, **environ)).ended()

    def secrets(self) -> dict[str, dict[str, str]]:
        return {record["id"]: record for record in lines(self.secrets_file)}

    def report(self) -> list[dict[str, Any]]:
        return lines(self.folder / "rotation.report")

    def statuses(self) -> dict[str, str]:
        return {row["name"]: row["status"] for row in self.report()}

    async def check(self, old: dict[UUID, str], context: object = "") -> None:
        """Each old key is gone and has one successor, whose secret is in the file and works; nothing else is there."""
        keys = self.server.api_keys
        successors = {str(id): key for id, key in keys.items() if id not in self.untouched}
        report, secrets = self.report(), self.secrets()
        assert not old.keys() & keys.keys(), context
        assert sorted(key.name for key in successors.values()) == sorted(old.values()), context
        assert sorted(row["old_id"] for row in report) == sorted(map(str, old)), context
        assert {row["status"] for row in report} == {"rotated"}, context
        assert sorted(row["new_id"] for row in report) == sorted(successors), context
        for row in report:
            new = successors[row["new_id"]]
            assert new.name == row["name"] == old[UUID(row["old_id"])], context
            assert secrets[row["new_id"]]["client_secret"] == new.client_secret.reveal(), context
            credentials = ClientCredentials(
                secrets[row["new_id"]]["client_id"], secrets[row["new_id"]]["client_secret"]
            )
            async with MatatikaSession(credentials, deployment=self.server.deployment) as user:
                assert (await user.apikeys.get(new.id)).name == new.name, context


@asynccontextmanager
async def opened_world(starter: Starter, folder: Path, **options: Any) -> AsyncIterator[World]:
    async with MatatikaServer(**options) as server:
        try:
            yield World(server, folder, starter)
        finally:
            if starter.last is not None:
                await starter.last.kill()  # where a test failed: the next one is to find the starter idle
                starter.last = None


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def until(condition: Any, *, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.002)


async def reached(fault: Fault, hits: int = 1) -> None:
    """Wait until the program has come to so many requests that the server holds back."""
    async with asyncio.timeout(30):
        await fault.wait(hits)
