"""The ledger: what has to add up when a simulated program has ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from aiomatatika import ApiError, MatatikaError, MatatikaSession, NewApiKey, SecretLostError, TransportError

from .loop import VirtualLoop

__all__ = ["SLACK", "Call", "Ledger"]

SLACK = 0.25  # seconds after a deadline
_CLOSING = 4.5  # seconds that `close` may take
_OTHERS = ("/aiohttp/web", "/simulation/life.py")  # whose tasks go on: the server's and the users'
_FETCH = 3  # requests for one token


@dataclass(kw_only=True, eq=False)
class Call:
    """One call of a user: how long it may take, how long after a cancellation, and what came of it.

    Attributes:
        session: Whose call it is: one session a process.
        total: The deadline of one call of the library's.
        pipeline: The one that it runs, and nobody else.
        job: The run that it was given.
    """

    label: str
    kind: str
    session: MatatikaSession
    began: float
    total: float
    limit: float
    grace: float = 0.0
    cancelled: float | None = None
    ended: float | None = None
    error: BaseException | None = None
    pipeline: str | None = None
    job: str | None = None

    def __str__(self) -> str:
        return f"{self.label} {self.kind}"


class Ledger(logging.Handler):
    """Keeps the books. Whatever does not add up becomes a violation: "kind: what".

    Attributes:
        violations: What does not add up.
        let_go: The ids of keys that somebody has asked to delete.
        need_for_tokens: When something happened that makes a token useless.
    """

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__(logging.INFO)
        self._loop = loop
        self._calls: list[Call] = []
        self._warnings: list[str] = []
        self._held: dict[tuple[str, str], bool] = {}  # (id, client ID): was it also returned?
        self._token_requests: list[float] = []
        self.let_go: set[str] = set()
        self.need_for_tokens: list[float] = []
        self.violations: list[str] = []

    def violation(self, kind: str, what: str) -> None:
        self.violations.append(f"{kind}: {what}")
        self._loop.note(f"VIOLATION {kind}: {what}")

    # What happens

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        self._loop.note(f"log {record.levelname} {text}")
        if record.levelno >= logging.WARNING:
            self._warnings.append(text)
            if not record.name.startswith("aiomatatika"):
                self.violation("unhandled", f"{record.name}: {text} {record.exc_info and record.exc_info[1]!r}")

    def asked_for_token(self) -> None:
        self._token_requests.append(self._loop.time())

    def hold(self, key: NewApiKey, *, returned: bool = False) -> None:
        who = str(key.id), str(key.client_id)
        self._held[who] = returned or self._held.get(who, False)

    def begin(self, call: Call) -> None:
        self._calls.append(call)
        self._loop.note(f"{call} begins")

    def end(self, call: Call, error: BaseException | None) -> None:
        call.ended, call.error = self._loop.time(), error
        outcome = "is done" if error is None else f"raises {type(error).__name__}: {error}"
        self._loop.note(" | ".join([f"{call} {outcome}", *getattr(error, "__notes__", ())]))
        if isinstance(key := getattr(error, "api_key", None), NewApiKey):
            self.hold(key)
        if isinstance(error, Exception) and not isinstance(error, MatatikaError):
            self.violation("error", f"{call} raised {error!r}")
        self.took(str(call), call.began, call.limit)
        if call.cancelled is not None:
            self.took(f"{call}, cancelled,", call.cancelled, call.grace)
        elif isinstance(error, asyncio.CancelledError):
            self.violation("cancelled", f"{call} was, and nobody had cancelled it")
        elif (requests := cast("asyncio.Task[None]", asyncio.current_task()).cancelling()) > 0:
            self.violation("cancelled", f"{call} leaves {requests} cancellations that nobody asked for")

    def took(self, what: str, began: float, limit: float) -> None:
        if (seconds := self._loop.time() - began) > limit + SLACK:
            self.violation("late", f"{what} took {seconds:.3f} s of {limit:.3f}")

    def walked(self, call: Call, items: list[str], there: Iterable[str]) -> None:
        if missing := set(there).difference(items):
            self.violation("missing", f"{call}: {sorted(missing)}")
        if len(items) > len(set(items)):
            self.violation("twice", f"{call}: {sorted(each for each in set(items) if items.count(each) > 1)}")

    def followed(self, call: Call, lines: list[str], log: list[str]) -> None:
        if lines != log:
            first = next((n for n, pair in enumerate(zip(lines, log, strict=False)) if len({*pair}) > 1), len(lines))
            self.violation("lines", f"{call}: {len(lines)} lines of {len(log)}, other than the log from {first} on")

    def downloaded(self, call: Call, body: bytes, data: bytes) -> None:
        if body != data:
            self.violation("cut", f"{call}: {len(body)} bytes of {len(data)}, and no error")

    # What has to add up

    def check_closed(self, began: float) -> None:
        """The session is closed: it has taken no longer than it may, and neither tasks nor connections are left."""
        self.took("close", began, _CLOSING + SLACK)  # `close` was given SLACK to let go of its connections
        for task in asyncio.all_tasks(self._loop):
            code = getattr(task.get_coro(), "cr_code", None)
            if code is not None and not any(each in code.co_filename for each in _OTHERS):
                self.violation("left", f"task {code.co_qualname}")
        for way in self._loop.transports:
            if way.endswith(">"):
                self.violation("left", f"connection {way}")

    def check_tokens(self, pause: float) -> None:
        """Each fetch of a token had a cause, or came so many seconds after the last one."""
        times = self._token_requests
        for last, until in enumerate(times):
            for first, since in enumerate(times[: last + 1]):
                causes = sum(since - 60 <= each <= until for each in self.need_for_tokens)
                if last - first + 1 > _FETCH * (1 + causes) + (until - since) / pause:
                    count, seconds = last - first + 1, until - since
                    self.violation("tokens", f"{count} requests in {seconds:.3f} s, with {causes} causes")
                    return

    def check_runs(self, runs_of: Callable[[str], list[str]]) -> None:
        """No call has started its pipeline twice, or was given another's run."""
        for call in self._calls:
            runs = runs_of(call.pipeline) if call.pipeline else []
            if len(runs) > 1 or (call.job and [call.job] != runs):
                self.violation("started", f"{call} was given {call.job} of {runs}")

    def check_keys(self, live: Mapping[UUID, Any]) -> None:
        """Each key that was made and is there is in the caller's hands, or named; none in its hands is missing."""
        there = {(str(key_id), key.client_id) for key_id, key in live.items()}
        for key_id, client_id in sorted(there.difference(self._held)):
            if not any(key_id in text for text in self._warnings) and not self._is_told(key_id):
                self.violation("untold", f"API key {key_id} ({client_id})")
        for (key_id, client_id), returned in self._held.items():
            if returned and key_id not in self.let_go and (key_id, client_id) not in there:
                self.violation("gone", f"API key {key_id} ({client_id})")

    def _is_told(self, key_id: str) -> bool:
        return any(_names(call.error, key_id) for call in self._calls if call.error is not None)


def _names(error: BaseException, key_id: str) -> bool:
    """Tell whether an error names a key, and leaves open that it is there."""
    words = (*map(str, error.args), *getattr(error, "__notes__", ()), str(getattr(error, "path", "")))
    named = any(key_id in each for each in words)
    if isinstance(error, SecretLostError):
        return named and (error.orphan is not False or str(error.key_id) != key_id)
    if isinstance(error, ApiError | TransportError):
        return named and error.maybe_done
    return named
