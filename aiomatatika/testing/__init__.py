"""A Matatika API on loopback, for tests of programs that use one.

::

    async with MatatikaServer() as server, server.session() as session:
        server.add_api_keys(45)
        assert await session.apikeys.list().count() == 46  # the built-in key is one of them

It is a real HTTP server for all operations of the API: real sockets, tokens that expire, pages, one-time secrets, jobs
that run, errors as the API writes them. It records what it is sent (`MatatikaServer.requests`), fails as it is told to
(`MatatikaServer.faults`) and runs by a clock that a test moves (`MatatikaServer.clock`)::

    pipeline = server.tables["pipelines"].add(label="nightly", dataComponents=["tap-x"])
    server.script_runs(
        pipeline, Run(queued=2, seconds=20, status="ERROR", log=["It begins.", "It fails."])
    )
    dataset = server.tables["datasets"].add(title="Sales", rows=[{"month": "May", "sum": 5}])

``with MatatikaServer.in_thread() as server`` runs it in a thread, for synchronous tests, subprocesses and browsers.
pytest finds the fixtures ``matatika_server`` and ``matatika_session``. ``python -m aiomatatika.testing`` runs the
server for a person.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiomatatika.testing.clock import ControlledClock
    from aiomatatika.testing.demo import demo_session
    from aiomatatika.testing.fault_plan import FaultPlan
    from aiomatatika.testing.faults import Fault
    from aiomatatika.testing.request_log import RecordedRequest, RequestLog
    from aiomatatika.testing.rows import Row, Run
    from aiomatatika.testing.server import MatatikaServer, ThreadedServer
    from aiomatatika.testing.server_options import ServerOptions
    from aiomatatika.testing.store import StoredKey, StoredProfile
    from aiomatatika.testing.tables import Table, Tables

__all__ = [
    "ControlledClock",
    "Fault",
    "FaultPlan",
    "MatatikaServer",
    "RecordedRequest",
    "RequestLog",
    "Row",
    "Run",
    "ServerOptions",
    "StoredKey",
    "StoredProfile",
    "Table",
    "Tables",
    "ThreadedServer",
    "demo_session",
]

_MODULES = {
    "ControlledClock": "clock",
    "Fault": "faults",
    "FaultPlan": "fault_plan",
    "MatatikaServer": "server",
    "RecordedRequest": "request_log",
    "RequestLog": "request_log",
    "Row": "rows",
    "Run": "rows",
    "ServerOptions": "server_options",
    "StoredKey": "store",
    "StoredProfile": "store",
    "Table": "tables",
    "Tables": "tables",
    "ThreadedServer": "server",
    "demo_session": "demo",
}


def __getattr__(name: str) -> object:
    # Late, because every start of pytest imports this package for its plugin, and few of them use the server.
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
