"""Rotate many API keys, in a program that may be killed at any moment, even by SIGKILL, and started again.

    python examples/batch_rotate.py --name 'nightly-*' --older-than 90 --secrets new-keys.jsonl

In the end each of these keys is gone and has exactly one successor, whose secret is saved and has been tried out. The
same command resumes where it was stopped: a journal (``--journal``) records what was selected and how far it has come.

    --dry-run                             show what would be rotated
    --secret-command 'save-key --stdin'   hand each secret to a command, as JSON on its standard input

With no ``MATATIKA_*`` variable set it runs on the embedded server, whose keys are named ``key-00001`` and so on. It
needs Unix, and on a terminal rich. Exit codes: 0 all rotated, 1 not all, 2 refused, 130 interrupted.

How a key is rotated: ``batch/rotation.py``. The journal: ``batch/journal.py``. Where secrets go: ``batch/sinks.py``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fnmatch
import shlex
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiomatatika import ApiKey, ConfigurationError, MatatikaError, MatatikaSession
from aiomatatika.testing import demo_session

if not __package__:  # started as a program: import what is beside it by the names that everybody else uses
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from examples.batch.journal import Journal, Key, State, peek
from examples.batch.lines import replace_lines
from examples.batch.progress import progress
from examples.batch.rotation import Rotation
from examples.batch.sinks import SecretCommand, SecretFile, Sink
from examples.refused import RefusedError

GRACE = 30.0  # seconds that rotations under way are given after a signal


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Rotate API keys. After a kill the same command resumes.")
    add = parser.add_argument
    add("--name", action="append", default=[], metavar="PATTERN", help="keys of this name, such as 'nightly-*'")
    add("--older-than", type=float, metavar="DAYS", help="keys created longer ago; with --name: of those")
    add("--include-own", action="store_true", help="also the key that this program is using; it comes last")
    add("--dry-run", action="store_true", help="show what would be rotated, and change nothing")
    add("--at-once", type=int, default=8, metavar="N", help="how many at a time (8)")
    add("--ready-within", type=float, default=45, metavar="SECONDS", help="how long a new key may take to work (45)")
    add("--journal", type=Path, default="rotation.journal", metavar="FILE", help="the resume file (rotation.journal)")
    add("--report", type=Path, default="rotation.report", metavar="FILE", help="one JSON line a key (rotation.report)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--secrets", type=Path, metavar="FILE", help="a new file for the secrets, made with mode 0600")
    where.add_argument("--secret-command", metavar="COMMAND", help="run for each secret, a JSON object on its stdin")
    args = parser.parse_args(argv)
    if not args.name and args.older_than is None:
        parser.error("which keys? give --name PATTERN or --older-than DAYS")
    if not (args.dry_run or args.secrets or args.secret_command):
        parser.error("where do the new secrets go? give --secrets FILE or --secret-command COMMAND (or --dry-run)")
    if not (args.older_than is None or 0 <= args.older_than <= 36_500):
        parser.error("--older-than takes days: a number from 0 to 36500")
    if not 1 <= args.at_once <= 100:
        parser.error("--at-once takes a number from 1 to 100")
    if not 0 <= args.ready_within <= 3600:
        parser.error("--ready-within takes seconds: a number from 0 to 3600")
    files = [path.resolve() for path in (args.journal, args.report, args.secrets) if path]
    if len({*files}) < len(files):
        parser.error("--journal, --report and --secrets are files of their own")
    if wrong := [path for path in files if not path.parent.is_dir()]:
        parser.error(f"there is no folder {wrong[0].parent}")
    try:
        args.secret_command = shlex.split(args.secret_command or "")
    except ValueError as error:
        parser.error(f"--secret-command: {error}")
    if args.secret_command and not shutil.which(args.secret_command[0]):
        parser.error(f"--secret-command: there is no program {args.secret_command[0]!r}")
    return args


def own_client_id(session: MatatikaSession, args: argparse.Namespace) -> str | None:
    """Return the client ID of the session's own key, which is skipped unless it is asked for."""
    if session.client_id is None and not args.include_own:
        raise RefusedError(
            "MATATIKA_ACCESS_TOKEN does not tell which key it is from, so that key could be rotated by mistake: set "
            "MATATIKA_CLIENT_ID and MATATIKA_CLIENT_SECRET, or allow it with --include-own"
        )
    return session.client_id


def is_selected(key: ApiKey, names: Collection[str], before: datetime | None) -> bool:
    """Tell whether a key has one of the names and is old enough, as far as either was asked for."""
    if names and not any(fnmatch.fnmatchcase(key.name or "", name) for name in names):
        return False
    return before is None or (key.created is not None and key.created < before)


def why_not(key: ApiKey, names: Collection[str], own: str | None) -> str | None:
    """Return the reason for which a selected key is skipped; None: it is rotated."""
    if own is not None and key.client_id == own:
        return "it is the key that this program is using (--include-own rotates it)"
    if key.name == "default" and "default" not in names:
        # Every profile has one that the app made and shows a token of. Its successor would be a key like any other.
        return "it is the profile's own (--name default rotates it)"
    if not (key.name or "").strip():
        return "it has no name that a successor could take over"
    return None


async def select(session: MatatikaSession, args: argparse.Namespace, own: str | None) -> list[Key]:
    """Walk through all keys, and return those that were asked for."""
    before = None if args.older_than is None else datetime.now(UTC) - timedelta(days=args.older_than)
    keys: list[Key] = []
    async for each in session.apikeys.list(size=100, sort="created,asc", prefetch=2):
        if is_selected(each, args.name, before):
            reason = why_not(each, args.name, None if args.include_own else own)
            keys.append(
                Key(
                    id=each.id,
                    name=each.name or "",
                    client_id=each.client_id,
                    created=f"{each.created:%Y-%m-%d}" if each.created else None,
                    status="skipped" if reason else "unfinished",
                    reason=reason,
                )
            )
    return keys


def settings(args: argparse.Namespace, session: MatatikaSession) -> dict[str, Any]:
    """Return the settings that have to be the same when a rotation is resumed."""
    same = {"API": session.deployment.api_url, "--name": args.name, "--older-than": args.older_than}
    if args.secrets:
        return {**same, "secrets in": str(args.secrets.resolve())}
    return {**same, "secrets in": "a command"} if args.secret_command else same


def check_same(state: State, wanted: dict[str, Any], path: Path) -> None:
    """Refuse to resume from another rotation's journal."""
    before = wanted if state.settings is None else state.settings
    if differ := [name for name, value in wanted.items() if before.get(name) != value]:
        was = ", ".join(f"{name} {before.get(name)}" for name in differ)
        raise RefusedError(f"{path} belongs to a rotation with {was}: use the same settings, or name another --journal")


async def dry_run(session: MatatikaSession, args: argparse.Namespace) -> int:
    state = peek(args.journal)
    check_same(state, settings(args, session), args.journal)
    keys = [*state.keys.values()] if state.settings else await select(session, args, own_client_id(session, args))
    todo = [key for key in keys if key.status == "unfinished"]
    for key in keys:
        if key.status != "rotated":
            print(
                f"{'skip' if key.reason else 'rotate'} {key.id} {key.created} {key.name!r}  {key.reason or ''}".rstrip()
            )
    print(f"{len(todo)} keys would be rotated{f' (the rest of {args.journal})' if state.settings else ''}.")
    return 0


@contextlib.contextmanager
def opened_sink(args: argparse.Namespace, journal: Journal) -> Iterator[Sink]:
    if not args.secrets:
        yield SecretCommand(args.secret_command, journal)
        return
    with contextlib.closing(SecretFile(args.secrets, journal)) as file:
        yield file


@contextlib.contextmanager
def interruptible(rotation: Rotation) -> Iterator[None]:
    """On the first SIGINT or SIGTERM begin no new rotation; on the second stop those under way, too."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    timers: list[asyncio.TimerHandle] = []

    def stop(name: str) -> None:
        if timers or not rotation.under_way:
            task.cancel()  # safe: a key in the making is still saved, and the journal knows the rest
        else:
            timers.append(loop.call_later(GRACE, task.cancel))
            print(
                f"{name}: finishing {rotation.under_way} keys; send it again to stop now", file=sys.stderr, flush=True
            )
        rotation.stopped = name

    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop, each.name)
    try:
        yield
    except asyncio.CancelledError:
        if rotation.stopped is None:
            raise
        task.uncancel()
    finally:
        for timer in timers:
            timer.cancel()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(each)


async def rotate(session: MatatikaSession, args: argparse.Namespace, journal: Journal) -> int:
    check_same(journal, settings(args, session), args.journal)
    own = own_client_id(session, args)
    if journal.settings and not unfinished(journal):
        print(f"Nothing is left to do in {args.journal}. For another rotation, name another --journal.")
        return finish(args, journal, None)
    with opened_sink(args, journal) as sink:
        rotation = Rotation(session, journal, sink, ready_within=args.ready_within)
        with interruptible(rotation):
            if journal.settings is None and (keys := await select(session, args, own)):
                journal.select(settings(args, session), keys)
            todo = unfinished(journal)
            last = [key for key in todo if own is not None and key.client_id == own]
            if last and not args.include_own:
                raise RefusedError(
                    f"{last[0].name!r}, one of the keys, is now the session's own key: add --include-own"
                )
            with progress(len(todo)) as step:
                await rotation.run([key for key in todo if key not in last], args.at_once, step)
                if len(unfinished(journal)) == len(last):  # without its own key this program has no access
                    await rotation.run(last, 1, step)
    return finish(args, journal, rotation.stopped)


def unfinished(journal: Journal) -> list[Key]:
    return [key for key in journal.keys.values() if key.status in {"unfinished", "failed"}]


def finish(args: argparse.Namespace, journal: Journal, stopped: str | None) -> int:
    """Write the report, say where everything is, and return the exit code."""
    report = [
        {
            "old_id": str(key.id),
            "new_id": str(key.successor) if key.saved_at else None,
            "name": key.name,
            "status": key.status,
            "reason": key.reason,
        }
        for key in journal.keys.values()
    ]
    replace_lines(args.report, report)
    counts = Counter(key.status for key in journal.keys.values())
    print(", ".join(f"{count} {status}" for status, count in counts.items()) or "No key was selected", end=".\n")
    print(f"  report:  {args.report}")
    print(f"  secrets: {args.secrets or 'given to the command'}")
    print(f"  journal: {args.journal}")
    if not unfinished(journal) and (stopped is None or journal.settings is not None):
        return 0
    print(f"{f'Stopped ({stopped}). ' if stopped else ''}Run the same command again to resume.", file=sys.stderr)
    return 130 if stopped in {"SIGINT", "SIGTERM"} else 1


async def run(args: argparse.Namespace) -> int:
    async with demo_session() as session:
        if args.dry_run:
            return await dry_run(session, args)
        with contextlib.closing(Journal(args.journal)) as journal:
            return await rotate(session, args, journal)


def main(argv: Sequence[str] | None = None) -> int:
    try:
        return asyncio.run(run(arguments(argv)))
    except (RefusedError, ConfigurationError) as error:
        print(f"batch_rotate: {error}", file=sys.stderr)
        return 2
    except (MatatikaError, OSError) as error:
        print(f"batch_rotate: {error}\nRun the same command again to resume.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
