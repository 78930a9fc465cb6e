"""A fault: which requests it is for, and what happens to them."""

from __future__ import annotations

import asyncio
import fnmatch
import json as json_module
import re
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal

from multidict import CIMultiDict

from aiomatatika.testing.error_responses import RefusedError, oauth_error, spring_error, unauthorized
from aiomatatika.testing.request_log import RecordedRequest
from aiomatatika.testing.responses import ServerResponse, json_bytes, reason_phrase

__all__ = ["Body", "Delay", "Fault"]

_OAUTH_ERRORS = {
    401: ("access_denied", "Unauthorized"),
    403: ("access_denied", "Service not enabled within domain"),
    429: ("too_many_requests", "Client quota exceeded"),
}
_POLL_INTERVAL = 0.005  # seconds

Body = bytes | str | Callable[[RecordedRequest], bytes | str | AsyncIterator[bytes]]
Delay = float | asyncio.Event | threading.Event


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


@dataclass(slots=True, kw_only=True, eq=False)
class Fault:
    """One fault of the plan, as `FaultPlan.add` describes it. Its ``repr`` shows no header, body or raw bytes.

    Attributes:
        hits: How many requests it was used on.
    """

    method: str | None = None
    path: str | re.Pattern[str] | None = None
    query: Mapping[str, str] | None = field(default=None, repr=False)
    status: int | None = None
    headers: Mapping[str, str | None] | None = field(default=None, repr=False)
    body: Body | None = field(default=None, repr=False)
    json: Any = field(default=..., repr=False)
    edit: Callable[[Any], Any] | None = field(default=None, repr=False)
    raw: bytes | None = field(default=None, repr=False)
    delay: Delay | None = field(default=None, repr=False)
    drip: float | None = field(default=None, repr=False)
    cut_after: int | None = None
    drop: Literal["before", "after"] | None = None
    reset: bool = False
    act: bool | None = field(default=None, repr=False)
    times: int | None = 1
    skip: int = 0
    hits: int = field(default=0, init=False)
    _path: re.Pattern[str] | None = field(default=None, init=False, repr=False)
    _home: asyncio.AbstractEventLoop | None = field(default_factory=_running_loop, init=False, repr=False)
    _waiting: list[tuple[int, Future[None]]] = field(default_factory=list[Any], init=False, repr=False)
    _counting: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        self._refuse_contradictions()
        self.method = None if self.method is None else self.method.upper()
        if isinstance(self.path, str):
            # A star is one character or more: "/api/apikeys/*" is every key, and not their list.
            self._path = re.compile(fnmatch.translate(self.path.removesuffix("/").replace("*", "?*")))
        else:
            self._path = self.path

    def _refuse_contradictions(self) -> None:
        bodies = [self.body is not None, self.json is not ..., self.edit is not None]
        responds = self.status is not None or self.headers is not None or any(bodies)
        closes = self.drop is not None or self.raw is not None
        delay = self.delay if isinstance(self.delay, int | float) else 0
        for wrong, why in (
            (sum(bodies) > 1, "body, json and edit replace the same thing: give one of them"),
            (self.drop is not None and self.raw is not None, "drop sends nothing, raw sends something: give one"),
            (closes and responds, "drop and raw leave nothing of a response to change"),
            (closes and self.cut_after is not None, "cut_after cuts a response: drop and raw have none"),
            (self.drop is not None and self.drip is not None, "drop sends nothing that could drip"),
            (self.drop is not None and self.act not in {None, self.drop == "after"}, 'drop="…" says whether to act'),
            (
                self.reset and not closes and self.cut_after is None,
                "reset is how a connection ends: it needs drop, raw or cut_after",
            ),
            (self.edit is not None and self.act is False, "edit changes the real response: the server has to act"),
            (
                self.act is False and not (responds or closes),
                "a server that does not act has no response: give status, body, json, raw or drop",
            ),
            (self.drop not in {None, "before", "after"}, 'drop is "before" or "after"'),
            (self.times is not None and self.times < 1, "times is 1 or more, or None for ever"),
            (min(self.skip, self.cut_after or 0, self.drip or 0, delay) < 0, "numbers are 0 or more"),
        ):
            if wrong:
                raise ValueError(why)

    @property
    def acts(self) -> bool:
        """Whether the server carries the request out, whatever it says about it."""
        if self.act is not None:
            return self.act
        if self.drop is not None:
            return self.drop == "after"
        return self.status is None or self.edit is not None

    @property
    def spent(self) -> bool:
        """Whether it has been used as often as it may be."""
        return self.times is not None and self.hits >= self.times

    def matches(self, request: RecordedRequest) -> bool:
        """Tell whether it is for this request."""
        path = request.path.removesuffix("/") if isinstance(self.path, str) else request.path
        return (
            (self.method is None or self.method == request.method)
            and (self._path is None or self._path.fullmatch(path) is not None)
            and (self.query is None or self.query.items() <= request.query.items())
        )

    def use(self) -> None:
        """Count a use, and wake those who wait for it (the server does)."""
        with self._counting:
            self.hits += 1
            reached = [future for hits, future in self._waiting if hits <= self.hits]
            self._waiting = [(hits, future) for hits, future in self._waiting if hits > self.hits]
        for future in reached:
            if future.set_running_or_notify_cancel():
                future.set_result(None)

    def _reaches(self, hits: int) -> Future[None]:
        future: Future[None] = Future()
        with self._counting:
            if self.hits < hits:
                self._waiting.append((hits, future))
                return future
        future.set_result(None)
        return future

    async def wait(self, hits: int = 1) -> None:
        """Wait until it has been used on so many requests. Any event loop may wait, also other than the server's.

        With a `delay`, the last of these requests has arrived and has no response yet.
        """
        await asyncio.wrap_future(self._reaches(hits))

    def wait_blocking(self, hits: int = 1, *, timeout: float = 10.0) -> None:
        """Wait as `wait` does, in a thread without an event loop: for a server that runs in a thread of its own.

        Raises:
            TimeoutError: It was not used so often within these seconds.
        """
        reached = self._reaches(hits)
        try:
            reached.result(timeout)
        except TimeoutError:
            reached.cancel()
            raise TimeoutError(f"{self!r} was used {self.hits} times, not {hits}, within {timeout} s") from None

    async def hold(self) -> None:
        """Hold the response back for as long as `delay` says (the server does)."""
        if isinstance(self.delay, asyncio.Event) and self._home is asyncio.get_running_loop():
            await self.delay.wait()
        elif isinstance(self.delay, asyncio.Event | threading.Event):
            # It is set in another thread or loop, which cannot wake this one: look at it now and then.
            while not self.delay.is_set():  # noqa: ASYNC110  # a thread's event cannot be awaited
                await asyncio.sleep(_POLL_INTERVAL)
        elif self.delay:
            await asyncio.sleep(self.delay)

    def respond(self, request: RecordedRequest, real: ServerResponse | None, *, now: int) -> ServerResponse:
        """Return the response in place of the real one.

        Args:
            request: The request.
            real: The real response, or None where the server did not act.
            now: The time in nanoseconds since 1970.
        """
        response = self._replacement(request, real, now)
        if self.headers is None:
            return response
        headers = CIMultiDict(response.headers)
        for name in self.headers:
            headers.popall(name, None)
        for name, value in self.headers.items():
            if value is not None:
                headers.add(name, value)
        return ServerResponse(response.status, headers, response.body)

    def _replacement(self, request: RecordedRequest, real: ServerResponse | None, now: int) -> ServerResponse:
        status = self.status or (real.status if real else 200)
        if self.json is not ...:
            return ServerResponse(status, {"Content-Type": _json_type(request, status)}, json_bytes(self.json))
        if self.body is not None:
            body = self.body(request) if callable(self.body) else self.body
            content = body.encode() if isinstance(body, str) else body
            return ServerResponse(status, {"Content-Type": _json_type(request, status)}, content)
        if real is not None and self.edit is not None:
            return ServerResponse(status, real.headers, _edited(real, self.edit))
        if real is not None and (self.status is None or status < 400):
            return ServerResponse(status, real.headers, real.body)
        return _plain_error(request, status, now)


def _json_type(request: RecordedRequest, status: int) -> str:
    return "application/hal+json" if request.endpoint == "api" and status < 400 else "application/json"


def _edited(real: ServerResponse, edit: Callable[[Any], Any]) -> bytes | AsyncIterator[bytes]:
    """Return the body of a real success as the function changes or returns it; an error keeps its own."""
    if real.status >= 400 or not isinstance(real.body, bytes) or not real.body:
        return real.body
    document = json_module.loads(real.body)
    result = edit(document)
    return json_bytes(document if result is None else result)


def _plain_error(request: RecordedRequest, status: int, now: int) -> ServerResponse:
    """Return what the API or the identity provider usually sends with a status."""
    if status < 400:
        return ServerResponse(status)
    if request.endpoint == "token":
        return oauth_error(status, *_OAUTH_ERRORS.get(status, ("server_error", reason_phrase(status))))
    if status == 401:
        return unauthorized()
    return spring_error(RefusedError(status, reason_phrase(status)), request.path, now=now)
