"""``python -m aiomatatika.testing``: run the server for a person."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shlex
import signal
import sys

from aiomatatika.errors import ConfigurationError
from aiomatatika.testing.server import MatatikaServer
from aiomatatika.transport.clock import Clock

_REMEMBERED = 1_000  # requests: it may run for days

_DESCRIPTION = """\
Run a Matatika API with an identity provider on this machine, to try programs against.

It knows API keys and profiles, and forgets everything when it ends. The lines that it prints set the
environment that MatatikaSession.from_env() reads: paste them into the shell that runs your program.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m aiomatatika.testing",
        description=_DESCRIPTION,
        epilog="Ctrl-C ends it.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--keys", type=int, default=0, metavar="N", help="make N API keys beside the built-in one")
    return parser


async def _run(host: str, port: int, keys: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C is a KeyboardInterrupt there
            loop.add_signal_handler(number, stop.set)
    async with MatatikaServer(host=host, port=port, clock=Clock()) as server:
        server.requests.limit = _REMEMBERED
        server.add_api_keys(keys)
        print(f"# A Matatika API for tests listens on {server.url} and has {len(server.api_keys)} API key(s).")
        print("# Paste these lines into the shell that runs your program. Ctrl-C here ends the server.")
        for name, value in server.environ().items():
            print(f"export {name}={shlex.quote(value)}")
        sys.stdout.flush()
        await stop.wait()


def main(arguments: list[str] | None = None) -> int:
    """Run the server until Ctrl-C or SIGTERM, and return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.keys < 0 or not 0 <= options.port <= 65_535:
        parser.error("--keys is 0 or more, --port is 0 to 65535")
    try:
        asyncio.run(_run(options.host, options.port, options.keys))
    except KeyboardInterrupt:
        pass
    except (OSError, ConfigurationError) as error:
        print(f"Cannot listen on {options.host}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
