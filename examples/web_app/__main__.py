"""``python -m examples.web_app``: run the app with uvicorn.

With ``MATATIKA_CLIENT_ID`` and ``MATATIKA_CLIENT_SECRET`` (or ``MATATIKA_ACCESS_TOKEN``) set it manages the keys of
that account; with no ``MATATIKA_*`` variable set, those of an embedded server that lives as long as the app.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import logging
import sys

import uvicorn

from aiomatatika import MatatikaError
from aiomatatika.testing import demo_session
from examples.web_app.app import LOOPBACK, create_app

_NO_LOGIN = "There is no login: whoever reaches this address acts with the app's credentials."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.web_app",
        description="A web app that lists, creates, renames, rotates and deletes API keys.",
        epilog=f"{_NO_LOGIN} Ctrl-C ends it.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: %(default)s)")
    return parser


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None  # a name


async def _try_settings() -> None:
    """Open a session as a test: wrong variables give a sentence here, but a traceback inside uvicorn."""
    async with demo_session(api_keys=0):
        pass


def main(arguments: list[str] | None = None) -> int:
    """Run the app until Ctrl-C or SIGTERM, and return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    address = _address(options.host)
    if not 1 <= options.port <= 65_535:
        parser.error("--port is a number from 1 to 65535")
    if not options.host or (address and address.is_unspecified):
        parser.error("--host is one address or name, the one that browsers use: any other Host header is refused")
    try:
        asyncio.run(_try_settings())
    except MatatikaError as error:
        print(f"The app cannot start: {error}", file=sys.stderr)
        return 1
    shown = f"[{options.host}]" if ":" in options.host else options.host
    print(f"API keys: http://{shown}:{options.port}/ (Ctrl-C ends it)\n{_NO_LOGIN}", flush=True)
    if shown not in LOOPBACK and not (address and address.is_loopback):
        print("WARNING: that is not a loopback address: other machines may reach it.", file=sys.stderr)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    uvicorn.run(
        create_app(hosts=(*LOOPBACK, shown)),
        host=options.host,
        port=options.port,
        log_level="warning",
        access_log=False,  # its lines would contain the address under which a secret waits
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
