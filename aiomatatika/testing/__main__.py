"""``python -m aiomatatika.testing``: run the server for a person."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shlex
import signal
import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import urlencode

from aiomatatika.credentials import ClientCredentials
from aiomatatika.errors import ConfigurationError
from aiomatatika.testing.fault_text import FAULT_SYNTAX, fault_arguments
from aiomatatika.testing.request_log import RecordedRequest
from aiomatatika.testing.rows import PipelineRow, Run
from aiomatatika.testing.script_text import SCRIPT_SYNTAX, scripted_run
from aiomatatika.testing.server import MatatikaServer
from aiomatatika.transport.clock import Clock

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "main"]

T = TypeVar("T")

# The same on every run, for READMEs and compose files. They open this server alone, on this machine.
CLIENT_ID = "LocalTestingOnlyLocalTestingOnly"
CLIENT_SECRET = "this-secret-is-public--it-opens-a-server-on-this-machine-only-00"

_REQUEST_LIMIT = 1_000  # it may run for days

_DESCRIPTION = f"""\
Run a Matatika API and its identity provider on this machine, to try programs against.

The server knows the whole API, and forgets everything when it ends. It prints the environment
variables that MatatikaSession.from_env() reads: paste them into the shell that runs your program.
The built-in API key is the same on every run:

  client ID      {CLIENT_ID}
  client secret  {CLIENT_SECRET}
"""


def _line(read: Callable[[str], T]) -> Callable[[str], T]:
    def line(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None

    return line


def _number(maximum: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) > maximum:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {maximum}")
        return int(text)

    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m aiomatatika.testing",
        description=_DESCRIPTION,
        epilog=f"{FAULT_SYNTAX}\n{SCRIPT_SYNTAX}\nCtrl-C ends the server.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="the loopback address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_number(65_535), default=0, help="the port to listen on (default: any free one)")
    parser.add_argument(
        "--keys", type=_number(1_000_000), default=0, metavar="N", help="add N API keys to the built-in one"
    )
    parser.add_argument(
        "--pipelines", type=_number(10_000), default=0, metavar="N", help="add N pipelines, whose runs take 22 s"
    )
    lines: dict[str, tuple[Callable[[str], Any], str]] = {
        "--fault": (fault_arguments, "make requests fail"),
        "--script": (scripted_run, "say how the jobs of a pipeline go"),
    }
    for option, (read, does) in lines.items():
        text = f"{does}, as described below (repeatable)"
        parser.add_argument(option, type=_line(read), action="append", default=[], help=text)
    parser.add_argument("--verbose", action="store_true", help="print a line for each request")
    return parser


def _print_request(request: RecordedRequest) -> None:
    query = f"?{urlencode(request.query, safe=',')}" if request.query else ""
    print(f"# {request.method} {request.path}{query} {request.status or 'no response'}", flush=True)


def _scripted(server: MatatikaServer, scripts: Iterable[tuple[str, Run]]) -> dict[str, PipelineRow]:
    """Add the pipelines that the scripts name, each once."""
    pipelines: dict[str, PipelineRow] = {}
    for label, run in scripts:
        if label not in pipelines:
            pipelines[label] = server.tables["pipelines"].add(label=label, dataComponents=[])
        server.script_runs(pipelines[label], run)
    return pipelines


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C is a KeyboardInterrupt there
            loop.add_signal_handler(number, stop.set)
    credentials = ClientCredentials(CLIENT_ID, CLIENT_SECRET)
    async with MatatikaServer(host=options.host, port=options.port, credentials=credentials, clock=Clock()) as server:
        server.requests.limit = _REQUEST_LIMIT
        server.requests.on_finished = _print_request if options.verbose else None
        server.add_api_keys(options.keys)
        for count in range(options.pipelines):
            server.tables["pipelines"].add(name=f"pipeline-{count + 1:05}")
        for fault in options.fault:
            server.faults.add(**fault)
        pipelines = _scripted(server, options.script)
        print(f"# A Matatika API for testing listens on {server.url} and has {len(server.api_keys)} API key(s).")
        for label, pipeline in pipelines.items():
            print(f"# The pipeline {label!r} is {pipeline.id}; scripted jobs: {len(pipeline.runs)}.")
        print("# Paste these lines into the shell that runs your program. Ctrl-C here ends the server.")
        for name, value in server.environ().items():
            print(f"export {name}={shlex.quote(value)}")
        sys.stdout.flush()
        await stop.wait()


def main(arguments: list[str] | None = None) -> int:
    """Run the server until Ctrl-C or SIGTERM, and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_run(options))
    except KeyboardInterrupt:
        pass
    except (OSError, ConfigurationError) as error:
        print(f"Cannot listen on {options.host}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
