"""Starts batch_rotate.py as a process of its own, and fast: a process that has imported it forks for each start."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from aiomatatika import ClientCredentials, MatatikaSession
from aiomatatika.testing import MatatikaServer

from .programs import environment

_FORKS = """
import json, os, sys, traceback
from examples.batch_rotate import main

for line in sys.stdin:
    job = json.loads(line)
    pid = os.fork()
    if pid == 0:
        status = 99
        try:
            os.environ.update(job["environ"])
            os.chdir(job["folder"])
            for number, path in enumerate((os.devnull, "stdout", "stderr")):
                os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
            status = main(job["arguments"])
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    print(pid, flush=True)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    print("over", flush=True)
    sys.stdin.readline()  # until then the pid is reserved: it may still be sent a signal
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Starter:
    """The process that forks."""

    def __init__(self) -> None:
        self.last: Run | None = None
        command = [sys.executable, "-W", "error", "-c", _FORKS]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment())
        assert self._process.stdin
        assert self._process.stdout
        self._stdin, self._stdout = self._process.stdin, self._process.stdout

    async def read(self) -> str:
        return await asyncio.to_thread(self._stdout.readline)

    def write(self, line: str) -> None:
        self._stdin.write(line + "\n")
        self._stdin.flush()

    def close(self) -> None:
        self._stdin.close()
        self._process.wait(60)
        self._stdout.close()


class Ended(NamedTuple):
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
        code = await asyncio.wait_for(asyncio.shield(self._code), 60)
        return Ended(code, (self._folder / "stdout").read_text(), (self._folder / "stderr").read_text())

    def send(self, number: signal.Signals) -> None:
        if not self.over:
            os.kill(self._pid, number)

    async def kill(self) -> bool:
        """Kill it, and tell whether the kill came before its end."""
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

    def environ_of(self, key_id: UUID) -> dict[str, str]:
        """Return the settings with which the program lives by a key."""
        key = self.server.api_keys[key_id]
        return {"MATATIKA_CLIENT_ID": key.client_id, "MATATIKA_CLIENT_SECRET": key.client_secret.reveal()}

    async def start(self, *options: str, **environ: str) -> Run:
        """Start it with a pattern and a secrets file, unless the options name others."""
        arguments = list(options)
        if not {"--name", "--older-than"} & {*options}:
            arguments += ["--name", "nightly-*"]
        if not {"--secrets", "--secret-command", "--dry-run"} & {*options}:
            arguments += ["--secrets", "secrets"]
        environ = self.server.environ() | environ
        self.starter.write(json.dumps({"arguments": arguments, "environ": environ, "folder": str(self.folder)}))
        return Run(int(await self.starter.read()), self.starter, self.folder)

    async def run(self, *options: str, **environ: str) -> Ended:
        """Run it to its end; wherever that is, the secrets are in their file alone."""
        ended = await (await self.start(*options, **environ)).ended()
        files = [path for path in self.folder.iterdir() if path.is_file() and path != self.secrets_file]
        text = "".join(path.read_text() for path in files)
        assert not [key for key in self.server.api_keys.values() if key.client_secret.reveal()[:16] in text]
        return ended

    async def begin(self, count: int = 1) -> dict[UUID, str]:
        """Add keys, and rotate them but for the last step of one: its predecessor is not deleted."""
        old = self.add(count)
        self.server.faults.add(method="DELETE", status=409)
        assert (await self.run()).code == 1
        self.server.requests.clear()
        return old

    async def held_at(
        self, event: asyncio.Event, *options: str, hits: int = 1, environ: dict[str, str] | None = None, **fault: Any
    ) -> Run:
        """Run it until the answers to so many of its requests are held back."""
        held = self.server.faults.add(delay=event, **fault)
        run = await self.start(*options, **environ or {})
        async with asyncio.timeout(60):
            await held.wait(hits)
        return run

    async def killed_at(self, *options: str, **fault: Any) -> None:
        """Run it, and kill it while the answer to one of its requests is held back."""
        event = asyncio.Event()
        assert await (await self.held_at(event, *options, **fault)).kill()
        event.set()

    def secrets(self) -> dict[str, dict[str, str]]:
        return {record["id"]: record for record in lines(self.secrets_file)}

    def report(self) -> list[dict[str, Any]]:
        return lines(self.folder / "rotation.report")

    def statuses(self) -> dict[str, str]:
        return {row["name"]: row["status"] for row in self.report()}

    async def check(self, old: dict[UUID, str], context: object = "") -> None:
        """Each old key is gone and has one successor, whose secret is in the file and works; nothing else is there."""
        keys, report, secrets = self.server.api_keys, self.report(), self.secrets()
        successors = {str(id): key for id, key in keys.items() if id not in self.untouched}
        assert not old.keys() & keys.keys(), context
        assert sorted(key.name for key in successors.values()) == sorted(old.values()), context
        assert sorted(row["old_id"] for row in report) == sorted(map(str, old)), context
        assert {row["status"] for row in report} == {"rotated"}, context
        assert sorted(row["new_id"] for row in report) == sorted(successors), context
        for row in report:
            new, saved = successors[row["new_id"]], secrets[row["new_id"]]
            assert new.name == row["name"] == saved["name"] == old[UUID(row["old_id"])], context
            assert (saved["replaces"], saved["client_secret"]) == (row["old_id"], new.client_secret.reveal()), context
            credentials = ClientCredentials(saved["client_id"], saved["client_secret"])
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
