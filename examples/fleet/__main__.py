"""``python -m examples.fleet``: run every pipeline of many workspaces on a Dask cluster.

    python -m examples.fleet                                          # a cluster of this machine
    python -m examples.fleet --scheduler tls://scheduler:8786         # a real one

With no ``MATATIKA_*`` variable set it works on the embedded server. On a real cluster, each worker's machine needs this
checkout on its path, the ``MATATIKA_*`` variables, and ``FLEET_TOKEN_STORE``, the URL of a Redis that shares the token
between machines (on one machine, a file does). Exit codes: 0 all complete, 1 not all, 2 refused, 130 interrupted: runs
that were started go on, and the same ``--round`` finds them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from distributed import Client, LocalCluster

from aiomatatika import MatatikaError
from examples.fleet.coordinator import forget, orders_of, work_through
from examples.fleet.demo import demo
from examples.fleet.display import progress
from examples.fleet.worker import open_session


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.fleet", description="Run all pipelines on a Dask cluster."
    )
    add = parser.add_argument
    add("--scheduler", metavar="ADDRESS", help="use this cluster, in place of one of this machine's")
    add("--workers", type=int, default=2, metavar="N", help="processes of this machine's cluster (2)")
    add("--slots", type=int, default=32, metavar="N", help="pipelines at a time in each of them (32)")
    add("--at-once", type=int, default=100, metavar="N", help="runs at a time, in the whole cluster (100)")
    add("--within", type=float, default=3600, metavar="SECONDS", help="how long a run may take (3600)")
    add("--workspace", action="append", default=[], metavar="PATTERN", help="only workspaces of this name")
    add("--round", metavar="NAME", help="go on with a round whose coordinator was stopped, on the same scheduler")
    args = parser.parse_args(argv)
    if min(args.workers, args.slots, args.at_once) < 1 or not 0 <= args.within < float("inf"):
        parser.error("--workers, --slots and --at-once are numbers from 1, --within is seconds")
    return args


async def _run(args: argparse.Namespace) -> int:
    round_name = args.round or f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    async with contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(open_session())
        orders = await orders_of(session, round_name, args.within, args.workspace)
        address = args.scheduler or await stack.enter_async_context(
            LocalCluster(
                n_workers=args.workers,
                threads_per_worker=args.slots,
                dashboard_address=None,
                preload=["examples.fleet.local_worker"],
                silence_logs=logging.ERROR,  # the death of a worker is no news here
                asynchronous=True,
            )
        )
        client = await stack.enter_async_context(Client(address, asynchronous=True))
        print(f"Round {round_name}: {len(orders)} pipelines", file=sys.stderr, flush=True)
        counts = Counter[str]()
        with progress(len(orders)) as step:
            async for outcome in work_through(client, orders, args.at_once):
                counts[outcome.status] += 1
                step(outcome)
        await forget(client, round_name)
    print(", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "no pipelines")
    return int(counts.total() > counts["COMPLETE"])


def main(argv: Sequence[str] | None = None) -> int:
    """Work through all pipelines, and return the exit status."""
    args = _arguments(argv)
    is_demo = not args.scheduler and not any(name.startswith("MATATIKA_") and os.environ[name] for name in os.environ)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        with demo() if is_demo else contextlib.nullcontext():
            return asyncio.run(_run(args))
    except (MatatikaError, OSError) as error:  # OSError: Dask cannot reach the scheduler
        print(f"refused: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: the runs that were started go on", file=sys.stderr)
        return 130


if __name__ == "__main__":  # each worker of a LocalCluster imports this file, too
    sys.exit(main())
