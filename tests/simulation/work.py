"""What users do with pipelines and data: they run, follow logs and download."""

from __future__ import annotations

import random
from typing import Any

from aiomatatika.testing import MatatikaServer, Run

from .ledger import Call, Ledger

__all__ = ["Work"]

_ROWS = [{"id": n, "name": f"café {n}"} for n in range(500)]
_CSV = "".join(["id,name\n", *(f"{row['id']},{row['name']}\n" for row in _ROWS)]).encode()


class Work:
    """The pipelines and datasets of a program, one for each call, and the calls on them."""

    def __init__(self, server: MatatikaServer, ledger: Ledger) -> None:
        self._server, self._ledger = server, ledger

    def draw(self, rng: random.Random) -> str:
        """Say what a user does next."""
        return rng.choice(("run", "follow", "follow", "download"))

    def plan_faults(self, rng: random.Random) -> None:
        """Lose the response to a start, and cut logs and downloads."""
        add = self._server.faults.add
        add(method="POST", path="/api/pipelines/*/jobs", skip=rng.randint(0, 1), drop="after", times=2)
        for path, sizes in (("/api/jobs/*/logs", (7, 600)), ("/api/datasets/*/data", (7, 4_000))):
            for size in sizes:
                add(path=path, skip=rng.randint(0, 3), times=2, cut_after=size)

    def _pipeline(self, call: Call, rng: random.Random) -> tuple[str, list[str]]:
        """Return a pipeline of the call's own, and what its run will log."""
        log = [f"{call.label} line {n} é" for n in range(rng.choice((0, 1, 40, 400)))]
        # The server refuses a second run beside the first, unless that one has ended at once.
        queued, seconds = rng.choice(((0, 0), (0, 0), (3, 0), (0, 10), (3, 90)))
        run = Run(queued=queued, seconds=seconds, log=log)
        row = self._server.tables["pipelines"].add(status="READY")
        self._server.script_runs(row, run, run)
        return row.id, log

    def runs_of(self, pipeline: str) -> list[str]:
        """Return the ids of a pipeline's jobs."""
        return [job.id for job in self._server.tables["jobs"] if job.parents.get("pipeline_id") == pipeline]

    async def run(self, call: Call, rng: random.Random) -> None:
        call.limit, (call.pipeline, _) = rng.choice((5.0, 60.0, 600.0)), self._pipeline(call, rng)
        call.job = str((await call.session.jobs.run(call.pipeline, within=call.limit)).id)

    async def follow(self, call: Call, rng: random.Random) -> None:
        call.limit, (call.pipeline, log) = float("inf"), self._pipeline(call, rng)
        job = await call.session.jobs.start(call.pipeline, within=60)
        call.job, lines, is_whole = str(job.id), list[str](), False
        follower: Any = call.session.jobs.follow_logs(job)
        try:
            async for line in follower:
                lines.append(line)
            is_whole = True
        finally:
            self._ledger.followed(call, lines, log if is_whole else log[: len(lines)])

    async def download(self, call: Call, rng: random.Random) -> None:
        call.limit, download = (
            float("inf"),
            call.session.datasets.csv(self._server.tables["datasets"].add(rows=_ROWS).id),
        )
        if rng.random() < 0.5:
            self._ledger.downloaded(call, await download.read(), _CSV)
            return
        body = bytearray()
        async with download as pieces:
            async for piece in pieces:
                body += piece
        self._ledger.downloaded(call, bytes(body), _CSV)
