"""One request, from its arrival to its response."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import ClientPayloadError, web

from aiomatatika.testing.aiohttp_responses import ClosingResponse, aiohttp_response
from aiomatatika.testing.clock import ServerTime
from aiomatatika.testing.fault_plan import FaultPlan
from aiomatatika.testing.faults import Fault
from aiomatatika.testing.request_log import Endpoint, RecordedRequest, RequestLog
from aiomatatika.testing.responses import ServerResponse

__all__ = ["TOKEN_PATH", "RequestHandler"]

TOKEN_PATH = "/oauth/token"


class RequestHandler:
    """Records each request, looks it up in the fault plan, has it carried out, and responds.

    Args:
        carry_out: Acts on a request, and returns the real response.
        requests: Where requests are recorded.
        faults: The fault plan.
        time: The server's time.
    """

    def __init__(
        self,
        carry_out: Callable[[RecordedRequest], ServerResponse],
        requests: RequestLog,
        faults: FaultPlan,
        time: ServerTime,
    ) -> None:
        self._carry_out = carry_out
        self._requests = requests
        self._faults = faults
        self._time = time
        self._tasks: dict[asyncio.Task[Any], None] = {}  # not a set: their order is that of their start
        self._date = (0, "")

    def cancel(self) -> None:
        """End what is still waiting for its response."""
        for task in tuple(self._tasks):
            task.cancel()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Handle a request (aiohttp asks)."""
        self._keep_current_task()
        record = self._record(request)
        try:
            try:
                record.body = await request.content.read()
            except (ConnectionError, ClientPayloadError, web.RequestPayloadError, RuntimeError):
                # The client has gone, or its request is malformed. RuntimeError is what aiohttp raises where the
                # connection was reset before the body is read.
                return ClosingResponse()
            return await self._respond(record)
        finally:
            self._requests.finish(record)

    def _keep_current_task(self) -> None:
        task = asyncio.current_task()
        if task is not None and task not in self._tasks:
            self._tasks[task] = None
            task.add_done_callback(self._tasks.pop)

    async def _respond(self, record: RecordedRequest) -> web.StreamResponse:
        fault = self._faults.take(record)
        real = self._carry_out(record) if fault is None or fault.acts else None
        if fault is None:
            assert real is not None
            return self._sent(record, real)
        await fault.hold()
        if fault.drop is not None or fault.raw is not None:
            return ClosingResponse(fault.raw or b"", reset=fault.reset, drip=fault.drip)
        return self._sent(record, fault.respond(record, real, now=self._time.stamp()), fault)

    def _record(self, request: web.BaseRequest) -> RecordedRequest:
        path, _, query = request.raw_path.partition("?")
        endpoint: Endpoint = "other"
        if path == TOKEN_PATH:
            endpoint = "token"
        elif path == "/api" or path.startswith("/api/"):
            endpoint = "api"
        peer = request.transport.get_extra_info("peername") if request.transport else None
        record = RecordedRequest(
            request.method,
            path,
            endpoint,
            parameters=parse_qsl(query, keep_blank_values=True),
            headers=request.headers.copy(),
            connection=peer[1] if peer else None,
            at=self._time.elapsed(),
        )
        self._requests.record(record)
        return record

    def _sent(
        self, record: RecordedRequest, response: ServerResponse, fault: Fault | None = None
    ) -> web.StreamResponse:
        record.status = response.status
        return aiohttp_response(response, self._http_date(), fault)

    def _http_date(self) -> str:
        second = int(self._time.now())
        if second != self._date[0]:
            self._date = (second, formatdate(second, usegmt=True))
        return self._date[1]
