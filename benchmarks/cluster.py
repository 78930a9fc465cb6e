"""The fleet with 1, 2 and 4 workers: ``python -m benchmarks.cluster``, where Dask is installed (extra ``examples``).

Once with pipelines that take some seconds each, where the slots are the limit, and once with pipelines that end
at once, where the machine is: the server, the scheduler and all workers share it. Each row has a cluster of its own,
whose start is not counted, and a new token file. It fails unless there is one token request, and one run a pipeline.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import tempfile
import time
from pathlib import Path
from typing import Final

from distributed import Client, LocalCluster

from aiomatatika.testing import MatatikaServer, Run
from aiomatatika.transport.clock import Clock
from examples.fleet.coordinator import orders_of, work_through
from examples.fleet.worker import open_session

SLOTS: Final = 8
WORKERS: Final = (1, 2, 4)


async def _round(workers: int, at_once: int) -> tuple[int, float]:
    """Return how many pipelines were run, and in how many seconds."""
    async with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=SLOTS,
            dashboard_address=None,
            silence_logs=logging.ERROR,
            asynchronous=True,
        ) as cluster,
        Client(cluster, asynchronous=True) as client,
        open_session() as session,
    ):
        orders = await orders_of(session, "bench", within=600)
        began = time.perf_counter()
        outcomes = [outcome async for outcome in work_through(client, orders, at_once)]
        took = time.perf_counter() - began
    assert all(outcome.is_complete for outcome in outcomes), outcomes
    return len(outcomes), took


def measure(workers: int, pipelines: int, seconds: float) -> str:
    """Return a row of the table."""
    with MatatikaServer.in_thread(clock=Clock()) as server, tempfile.TemporaryDirectory() as folder:
        for _ in range(pipelines):
            row = server.tables["pipelines"].add(status="READY")
            server.script_runs(row, Run(queued=0, seconds=seconds))
        os.environ.update(server.environ(), FLEET_TOKEN_STORE=str(Path(folder) / "tokens.json"))
        count, took = asyncio.run(_round(workers, 2 * workers * SLOTS))
        tokens, requests, runs = len(server.requests.token), len(server.requests.api), len(server.tables["jobs"])
    assert (tokens, runs) == (1, count)
    return f"| {seconds:g} | {workers} | {took:.1f} | {count / took:.1f} | {requests / count:.1f} | {tokens} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument("--pipelines", type=int, default=64, metavar="N", help="how many (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=5, metavar="S", help="of each run (default: %(default)s)")
    options = parser.parse_args()
    print("| seconds a run | workers | seconds | pipelines a second | requests a pipeline | token requests |")
    print("|---|---|---|---|---|---|")
    for seconds in (options.seconds, 0.0):
        for workers in WORKERS:
            print(measure(workers, options.pipelines, seconds), flush=True)


if __name__ == "__main__":  # each worker imports this file, too
    main()
