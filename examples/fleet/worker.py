"""A worker's part: one session a process, and a coroutine for each pipeline.

Dask runs coroutines in the worker's own event loop, so all pipelines of a worker share its session, its connections and
its polling; ``--slots`` says how many there are at a time.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from distributed import WorkerPlugin, get_client, get_worker

from aiomatatika import FileTokenStore, MatatikaError, MatatikaSession, RedisTokenStore
from examples.fleet.orders import Order, Outcome
from examples.fleet.run_once import run_once

__all__ = ["SessionPlugin", "notes_of", "open_session", "work"]

_STORE: Final = "FLEET_TOKEN_STORE"
_DEFAULT_STORE: Final = Path.home() / ".cache" / "aiomatatika" / "tokens.json"


def open_session() -> MatatikaSession:
    """Return a session as the environment of this process says.

    Credentials never pass through the scheduler, which would show them to whoever can reach it: each machine has its
    own ``MATATIKA_*`` variables. So it is with ``FLEET_TOKEN_STORE``, a Redis URL (with a password, perhaps) or a path.

    Raises:
        ConfigurationError: The variables make no session.
    """
    place = os.environ.get(_STORE) or str(_DEFAULT_STORE)
    store = RedisTokenStore(place) if "://" in place else FileTokenStore(place)
    return MatatikaSession.from_env(token_store=store)


class SessionPlugin(WorkerPlugin):
    """Opens the session of a worker, also of one that joins later or is restarted, and closes it with the worker."""

    name = "aiomatatika-fleet"
    session: MatatikaSession

    def setup(self, worker: Any) -> None:
        """Open the session; the first call on it makes the connections, in the worker's loop."""
        self.session = open_session()

    async def teardown(self, worker: Any) -> None:
        """Close the session."""
        await self.session.close()


def notes_of(round_name: str) -> list[str]:
    """Return where the scheduler keeps the notes of a round."""
    return [SessionPlugin.name, round_name]


class _SchedulerNotes:
    """Notes in the scheduler's metadata: they are there as long as the scheduler, whatever becomes of the workers."""

    def __init__(self, round_name: str) -> None:
        self._client: Any = get_client()
        self._place = notes_of(round_name)

    async def read(self, pipeline: str, /) -> str | None:
        note: str | None = await self._client.get_metadata([*self._place, pipeline], None)
        return note

    async def write(self, pipeline: str, note: str, /) -> None:
        await self._client.set_metadata([*self._place, pipeline], note)


async def work(order: Order) -> Outcome:
    """Run a pipeline to its end: the task. Another worker may be given it again, and goes on where this one was."""
    plugin: Any = get_worker().plugins[SessionPlugin.name]
    session: MatatikaSession = plugin.session
    job = None
    try:
        job = await run_once(session, order.pipeline, _SchedulerNotes(order.round_name))
        job = await session.jobs.wait(job, within=order.within)
    except MatatikaError as error:
        reason = f"{type(error).__name__}: {error}"
        return Outcome(order=order, status="FAILED", reason=reason, job=str(job.id) if job else None)
    reason = "" if job.exit_code in {None, 0} else f"exit code {job.exit_code}"
    return Outcome(order=order, status=str(job.status), reason=reason, job=str(job.id))
