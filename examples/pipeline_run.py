"""Run pipelines of a workspace, and watch them: a row a job, and the log of one of them below.

    python examples/pipeline_run.py orders customers
    python examples/pipeline_run.py --all --log customers

A run that is going on is watched, and no second one is started: after a stop or a crash the same command goes on where
it was. Ctrl-C stops watching, and the jobs go on; with ``--stop`` it stops the jobs, too, and a second one only the
watching. With no ``MATATIKA_*`` variable set it runs on the embedded server, which has the pipelines of a shop.

It needs Unix, and on a terminal rich. Exit codes: 0 all runs complete, 1 one failed, 2 refused, 130 interrupted.

How a run is found, started, watched and stopped: ``runs/watching.py``. How it is shown: ``runs/display.py``.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from aiomatatika import ConfigurationError, MatatikaError, MatatikaSession, PipelineStatus
from aiomatatika.testing import demo_session

if not __package__:  # started as a program: import what is beside it by the names that everybody else uses
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from examples.refused import RefusedError
from examples.runs.demo import shop
from examples.runs.display import counts, display, printable
from examples.runs.watching import PipelineRun, Runs
from examples.workspaces import chosen_workspace


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run pipelines and watch them. Started again, it goes on watching.")
    add = parser.add_argument
    add("pipelines", nargs="*", metavar="PIPELINE", help="a name, label or id")
    add("--all", action="store_true", help="all pipelines of the workspace but drafts")
    add("--workspace", metavar="NAME", help="its name, alias or id (the default workspace)")
    add("--log", metavar="PIPELINE", help="whose log to show (that of the first)")
    add("--stop", action="store_true", help="on Ctrl-C stop the jobs, too")
    args = parser.parse_args(argv)
    if bool(args.pipelines) == args.all:
        parser.error("which pipelines? name some, or take --all")
    return args


async def chosen_runs(session: MatatikaSession, args: argparse.Namespace) -> list[PipelineRun]:
    workspace = await chosen_workspace(session, args.workspace)
    every = [PipelineRun(each) async for each in session.pipelines.list(workspace, sort="name,asc", size=100)]
    if args.all:
        runs = [run for run in every if run.pipeline.status is not PipelineStatus.DRAFT]
    else:
        runs = list(dict.fromkeys(named(name, every) for name in args.pipelines))
    if not runs:
        raise RefusedError("the workspace has no pipeline")
    return runs


def named(name: str, runs: Sequence[PipelineRun]) -> PipelineRun:
    """Return the run of a pipeline.

    Raises:
        RefusedError: None has this name, or more than one.
    """
    found = [run for run in runs if name in {run.pipeline.name, run.pipeline.label, str(run.pipeline.id)}]
    if len(found) == 1:
        return found[0]
    names = ", ".join(printable(run.name) for run in runs) or "none"
    raise RefusedError(f"{len(found)} pipelines are named {name!r}. There are: {names}")


async def watched(watching: Runs, runs: Sequence[PipelineRun], *, stop_jobs: bool) -> bool:
    """Watch until all are over, or a signal ends it; tell whether one came."""
    loop, task, signals = asyncio.get_running_loop(), asyncio.ensure_future(watching.watch(runs)), [0]

    def interrupt() -> None:
        signals[0] += 1
        if stop_jobs and signals[0] == 1:
            watching.stop()
        else:
            task.cancel()

    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, interrupt)
    try:
        await task
    except asyncio.CancelledError:
        if not signals[0]:
            raise
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(each)
    return bool(signals[0])


async def run(args: argparse.Namespace) -> int:
    async with demo_session(fill=shop) as session:
        runs = await chosen_runs(session, args)
        logged = named(args.log, runs) if args.log else runs[0]
        with display(runs, logged) as shown:
            interrupted = await watched(Runs(session, shown, logged), runs, stop_jobs=args.stop)
    print(f"Runs: {counts(runs)}.")
    if interrupted and (going_on := sum(not run.is_over for run in runs)):
        print(f"{going_on} may go on without being watched: the same command watches them again.", file=sys.stderr)
    return 130 if interrupted else int(any(run.has_failed for run in runs))


def main(argv: Sequence[str] | None = None) -> int:
    try:
        return asyncio.run(run(arguments(argv)))
    except (RefusedError, ConfigurationError) as error:
        print(f"pipeline_run: {error}", file=sys.stderr)
        return 2
    except MatatikaError as error:
        print(f"pipeline_run: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
