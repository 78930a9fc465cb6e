"""``/health``: do the credentials work?

A probe costs the API one small request at most, and all probes of some seconds share it: load balancers ask often.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, cast

import attrs
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from aiomatatika import MatatikaError, MatatikaSession, Retries, Timeouts
from examples.web_app.answers import answer_to

_DEADLINE: Final = Timeouts(total=3)
_GOOD_FOR = 5.0


@attrs.frozen
class Verdict:
    """The outcome of a check.

    Attributes:
        error: What the API call raised; None: it works.
    """

    error: MatatikaError | None

    def answer(self) -> JSONResponse:
        """Return it as JSON: the sentence of the table, and of the error itself only its class."""
        if self.error is None:
            return JSONResponse({"status": "ok"})
        reason = answer_to(self.error).title
        return JSONResponse({"status": "failing", "reason": reason, "error": type(self.error).__name__}, 503)


class Health:
    """The check that probes share.

    Args:
        session: The session to check; it gets a short deadline and no repeats.
        now: A clock in seconds.
    """

    def __init__(self, session: MatatikaSession, *, now: Callable[[], float]) -> None:
        self._session = session.with_options(timeouts=_DEADLINE, retries=Retries(attempts=1))
        self._now = now
        self._task: asyncio.Task[Verdict] | None = None
        self._stale_at = 0.0

    async def check(self) -> Verdict:
        """Return the verdict of the check that is running or not yet stale, else of a new one."""
        if self._task is None or (self._task.done() and self._now() >= self._stale_at):
            self._task = asyncio.get_running_loop().create_task(self._ask())
        return await asyncio.shield(self._task)  # a probe that gives up does not end it for the others

    async def _ask(self) -> Verdict:
        try:
            await self._session.apikeys.list(size=1).first()
        except MatatikaError as error:
            return Verdict(error)
        else:
            return Verdict(None)
        finally:
            self._stale_at = self._now() + _GOOD_FOR


router = APIRouter()


@router.get("/health")
async def health(request: Request) -> JSONResponse:
    """Say whether the app works."""
    return (await cast("Health", request.state.health).check()).answer()
