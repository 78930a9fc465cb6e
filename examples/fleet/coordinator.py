"""The coordinator's part: which pipelines there are, and handing them out."""

from __future__ import annotations

import fnmatch
from collections.abc import AsyncIterator, Collection, Iterable
from typing import Any

from distributed import Client, as_completed

from aiomatatika import MatatikaSession
from examples.fleet.orders import Order, Outcome
from examples.fleet.worker import SessionPlugin, notes_of, work

__all__ = ["forget", "orders_of", "work_through"]


async def orders_of(
    session: MatatikaSession, round_name: str, within: float, workspaces: Collection[str] = ()
) -> list[Order]:
    """Return an order for each pipeline of the workspaces whose names match; without patterns, of all.

    Raises:
        MatatikaError: The API cannot be asked.
    """
    orders: list[Order] = []
    async for workspace in session.workspaces.list(size=100, prefetch=1):
        name = workspace.name or str(workspace.id)
        if workspaces and not any(fnmatch.fnmatchcase(name, pattern) for pattern in workspaces):
            continue
        async for pipeline in session.pipelines.list(workspace, size=100, prefetch=1):
            label = f"{name}: {pipeline.label or pipeline.id}"
            orders.append(Order(round_name=round_name, pipeline=str(pipeline.id), label=label, within=within))
    return orders


async def work_through(client: Client, orders: Iterable[Order], at_once: int) -> AsyncIterator[Outcome]:
    """Yield an outcome for each order, as they come.

    No more than ``at_once`` are handed out at a time, which bounds the runs of the whole cluster. (A `Semaphore` of
    Dask's would let go of what a worker held some time after its death, though the run goes on at the API; an order
    stays handed out until its outcome is here.)

    A worker that dies costs nothing: the scheduler gives its orders to others, which find the runs that it started. An
    order whose worker dies four times (``distributed.scheduler.allowed-failures``) is given up, as ``FAILED``.
    """
    await client.register_plugin(SessionPlugin())
    waiting = iter(orders)
    out: dict[Any, Order] = {}

    def hand_out() -> list[Any]:
        for order in waiting:
            future = client.submit(work, order, key=f"run-{order.round_name}-{order.pipeline}")
            out[future] = order
            return [future]
        return []

    done: Any = as_completed([future for _ in range(at_once) for future in hand_out()])
    async for future in done:
        order = out.pop(future)
        try:
            outcome: Outcome = await future
        except Exception as error:  # noqa: BLE001  # Dask raises here whatever a task has raised, or its own
            outcome = Outcome(order=order, status="FAILED", reason=f"{type(error).__name__}: {error}")
        done.update(hand_out())
        yield outcome


async def forget(client: Client, round_name: str) -> None:
    """Drop the notes of a round that has ended."""
    await client.set_metadata(notes_of(round_name), {})
