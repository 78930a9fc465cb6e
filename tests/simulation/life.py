"""Some minutes of a program's life: users who call, and what gets in their way. All of it is drawn from one seed.

Whatever takes part has a label (``slow``, ``u1``, ``u1.3``, ``fault2``, ``event0``) and dice of its own: a run can be
repeated without it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Collection
from typing import Any, cast

from aiomatatika import MatatikaError, MatatikaSession, Retries, SessionClosedError, Timeouts
from aiomatatika.testing import Fault, MatatikaServer
from aiomatatika.transport.clock import Clock

from .keys import Keys
from .ledger import SLACK, Call, Ledger
from .loop import VirtualLoop
from .network import UnrealSocket, Weather
from .store import ProcessStore, SharedStore
from .work import Work

__all__ = ["Life"]

FEATURES = (
    *("refuse", "hang", "reset", "stall", "slow"),  # the network
    *("status", "drop", "delay", "limit", "odd", "revoke", "outage"),  # the server
    *("cancel", "scope", "close", "jump", "sink", "by_id", "shared"),  # the program
    "shuffle",  # the loop
    *("processes", "store", "work"),  # last: what came later leaves the older seeds as they were
)
_EPOCH = 1_790_000_000.0
_MOST_LATE = 200.0  # seconds after which nothing arrives any more


class _VirtualClock(Clock):
    """The loop's time, and a time of day that jumps."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop, self._rng, self.jumped = loop, random.Random(f"{loop.seed}/jitter"), 0.0

    def wall(self) -> float:
        return _EPOCH + self._loop.time() + self.jumped

    def monotonic(self) -> float:
        return self._loop.time()

    def random(self) -> float:
        return self._rng.random()


class _Server(MatatikaServer):
    def open_socket(self, host: str, port: int) -> Any:
        return UnrealSocket((host, port))


class Life:
    """One program, its server and what happens to both.

    Attributes:
        parts: The labels of what took part, in order.
    """

    def __init__(self, loop: VirtualLoop, ledger: Ledger, without: Collection[str]) -> None:
        self._loop, self._ledger, self._without = loop, ledger, without
        self.parts: list[str] = []
        chance = self._dice("features")
        self._features = {each for each in FEATURES if chance.random() < 0.25 and self._takes_part(each)}
        loop.shuffles = "shuffle" in self._features
        self._clock = _VirtualClock(loop)
        self._users: list[asyncio.Task[None]] = []
        self._watches: list[asyncio.Task[None]] = []

    def _dice(self, label: str) -> random.Random:
        return random.Random(f"{self._loop.seed}/{label}")

    def _takes_part(self, label: str) -> bool:
        if label in self._without:
            return False
        self.parts.append(label)
        return True

    async def run(self) -> None:
        """Live, and let the ledger compare what is left."""
        loop, ledger, rng = self._loop, self._ledger, self._dice("life")
        self._set_weather(rng)
        self._timeouts = Timeouts(rng.choice((1, 3, 10)), rng.choice((2, 10, 30)), rng.choice((5, 20, 60)))
        token_lifetime = rng.choice((20, 90, 86_400))
        self._server = server = _Server(
            port=8080,
            clock=self._clock,
            page_size=rng.choice((3, 20)),
            token_lifetime=token_lifetime,
            new_key_delay=rng.choice((0, 0, 5, 30)),
            alias_host=rng.choice((None, None, "app.matatika.com")),
        )
        loop.on_write = self._look_for_token_request
        server.requests.on_finished = self._note_request
        await server.start()
        stable = [str(each) for each in server.add_api_keys(rng.randint(3, 25))]
        before = {*server.api_keys}
        self._plan_faults(rng.randint(1, 6))
        self._sessions = self._open_sessions(Retries(attempts=rng.choice((1, 3, 5))))
        keys, work = Keys(loop, ledger, self._features, stable), Work(server, ledger)
        users: list[tuple[str, Keys | Work]] = [(f"u{n}", keys) for n in range(rng.randint(2, 6))]
        if "work" in self._features:
            users += [(f"w{n}", work) for n in range(rng.randint(1, 4))]
            if self._takes_part("cuts"):
                work.plan_faults(self._dice("cuts"))
        self._users = [loop.create_task(self._user(label, calls)) for label, calls in users if self._takes_part(label)]
        events = loop.create_task(self._events())
        await asyncio.wait([events], timeout=rng.uniform(0, 60) if "close" in self._features else None)
        began = loop.time()
        loop.note("the session is closed")
        await asyncio.gather(*(session.close() for session in self._sessions))
        await asyncio.sleep(SLACK)
        ledger.check_closed(began)
        await asyncio.wait([events])
        for watch in self._watches:
            watch.cancel()
        for task in (*self._users, events, *self._watches):
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await server.start()
        loop.weather = Weather()
        server.faults.clear()
        await asyncio.sleep(_MOST_LATE)
        ledger.check_keys({key_id: key for key_id, key in server.api_keys.items() if key_id not in before})
        ledger.check_runs(work.runs_of)
        ledger.check_tokens(min(5.0, token_lifetime / 10))
        await server.close()
        await asyncio.sleep(1)

    def _open_sessions(self, retries: Retries) -> list[MatatikaSession]:
        """Open the session of each process. Several share a store, and so the token: they fetch no more than one."""
        if "processes" not in self._features:
            return [self._server.session(timeouts=self._timeouts, retries=retries)]
        shared, rng = SharedStore(), self._dice("processes")
        share = rng.choice((0.02, 0.2)) if "store" in self._features else 0.0
        stores = [
            ProcessStore(shared, self._dice(f"store{n}"), share, self._need_token) for n in range(rng.choice((2, 4, 8)))
        ]
        return [self._server.session(timeouts=self._timeouts, retries=retries, token_store=each) for each in stores]

    # What gets in the way

    def _set_weather(self, rng: random.Random) -> None:
        weather = Weather(delay=rng.choice((0.001, 0.02, 0.2)))
        shares = {"slow": (0.01, 0.05), "refuse": (0.05, 0.3), "hang": (0.03, 0.2)}
        for name, choice in (shares | {"reset": (0.01, 0.06), "stall": (0.01, 0.04)}).items():
            share = rng.choice(choice)
            if name in self._features:
                setattr(weather, name, share)
        self._loop.weather = weather

    def _plan_faults(self, count: int) -> None:
        for n in range(count):
            rng, menu = self._dice(f"fault{n}"), list[dict[str, Any]]()
            method = rng.choice(("PUT", "PUT", "GET", "POST", "DELETE", None, None))
            if "status" in self._features:
                # A server that has the key and answers 404 to its DELETE is believed.
                statuses = (500, 503, 504, 408, 409, 403, 401, 400, *((404,) if method in {"PUT", "GET"} else ()))
                menu += [{"status": rng.choice(statuses)}, {"status": rng.choice((500, 502, 504)), "act": True}]
            if "drop" in self._features:
                menu += [{"drop": "before"}, {"drop": "after", "reset": rng.random() < 0.5}, {"cut_after": 40}]
            if "outage" in self._features and method in {"PUT", None}:
                menu += [{"drop": "after", "reset": True}]  # and then it is down
            if "delay" in self._features:
                menu += [{"delay": rng.choice((0.5, 3.0, 15.0, 90.0))}]
            if "limit" in self._features:
                menu += [{"status": 429, "headers": {"Retry-After": rng.choice(("1", "5", "900"))}}]
            if "odd" in self._features:
                # Only where it is no lie: an empty object is an empty list, and what is accepted counts as deleted.
                writes = method in {"PUT", "POST"}
                only = {"path": "/api/apikeys*"} if "work" in self._features and not writes else {}  # a log is any text
                menu += [{"body": "{}" if writes else "<html>", "act": True, **only}]
                menu += [{"status": 202, "act": True}] if writes else []
            if menu and self._takes_part(f"fault{n}"):
                skip, times = rng.randint(0, 4 if method else 12), rng.choice((1, 1, 2, 4, 12))
                fault = self._server.faults.add(method=method, skip=skip, times=times, **rng.choice(menu))
                if "outage" in self._features and fault.drop == "after":
                    self._watches.append(self._loop.create_task(self._go_down_after(fault, rng)))

    async def _go_down_after(self, fault: Fault, rng: random.Random) -> None:
        await fault.wait()
        await self._outage(rng)

    async def _outage(self, rng: random.Random) -> None:
        self._loop.note("the server is down")
        await self._server.close()
        await asyncio.sleep(rng.uniform(0, 20))
        self._loop.note("the server is up again")
        await self._server.start()

    async def _events(self) -> None:
        """Let things happen until every user has gone home."""
        kinds, n = [each for each in ("revoke", "outage", "jump") if each in self._features], 0
        while waiting := [user for user in self._users if not user.done()]:
            rng = self._dice(label := f"event{n}")
            wait = rng.choice((rng.uniform(0, 1), rng.uniform(0, 30))) if kinds else None
            await asyncio.wait(waiting, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            if kinds and not all(user.done() for user in self._users) and self._takes_part(label):
                await self._happen(rng.choice(kinds), rng)
            n += 1

    async def _happen(self, kind: str, rng: random.Random) -> None:
        self._loop.note(f"event {kind}")
        if kind == "outage":
            if rng.random() < 0.3:
                self._server.drop_connections(reset=rng.random() < 0.5)
            else:
                await self._outage(rng)
            return
        self._need_token()
        if kind == "revoke":
            self._server.revoke_tokens()
        else:
            self._clock.jumped += rng.choice((-1, 1)) * rng.choice((1, 60, 3_600, 86_400))

    # What is seen from outside

    def _note_request(self, request: Any) -> None:
        self._loop.note(f"server {request.method} {request.path} {request.status or 'no response'}")
        if (request.endpoint, request.status) in {("api", 401), ("token", 429)}:
            self._need_token()

    def _need_token(self) -> None:
        self._ledger.need_for_tokens.append(self._loop.time())

    def _look_for_token_request(self, way: str, data: bytes) -> None:
        if data.startswith(b"POST /oauth/token") and self._server.credentials.client_id.encode() in data:
            self._ledger.asked_for_token()

    # The users

    async def _user(self, name: str, calls: Keys | Work) -> None:
        session = self._sessions[int(name[1:]) % len(self._sessions)]
        for n in range(self._dice(name).randint(2, 7)):
            rng = self._dice(label := f"{name}.{n}")
            await asyncio.sleep(rng.choice((0, rng.uniform(0, 3), rng.uniform(0, 60))))
            kind, now, total = calls.draw(rng), self._loop.time(), self._timeouts.total
            if self._takes_part(label):
                call = Call(label=label, kind=kind, session=session, began=now, total=total, limit=total)
                if not await self._make(call, calls, rng):
                    break

    async def _make(self, call: Call, calls: Keys | Work, rng: random.Random) -> bool:
        """Make one call, and say whether the user goes on."""
        self._ledger.begin(call)
        timer = self._cancel_some_time(call, rng)
        error: BaseException | None = None
        try:
            await getattr(calls, call.kind)(call, rng)
        except BaseException as caught:
            error = caught
            if not isinstance(caught, MatatikaError | asyncio.CancelledError):
                raise
        finally:
            self._ledger.end(call, error)
            timer.cancel()
            self._loop.seconds_a_turn = 0.0
            if isinstance(calls, Keys) and (made := getattr(error, "api_key", None)) is not None:
                calls.mine.append(made)
        return not isinstance(error, SessionClosedError | asyncio.CancelledError)

    def _cancel_some_time(self, call: Call, rng: random.Random) -> asyncio.Handle:
        task, again = cast("asyncio.Task[None]", asyncio.current_task()), "scope" in self._features
        when = rng.choice((rng.expovariate(0.2 / self._loop.weather.delay), rng.uniform(0, 2), rng.uniform(0, 20)))
        if rng.random() > 0.4 or not self._features.intersection({"cancel", "scope"}):
            return self._loop.call_soon(lambda: None)

        def cancel() -> None:
            if call.ended is None:
                if call.cancelled is None:
                    self._loop.note(f"{call} is cancelled")
                    call.cancelled = self._loop.time()
                task.cancel()
                if again:  # a scope of anyio's cancels on every turn of the loop, and turns take time
                    self._loop.seconds_a_turn = 0.002
                    self._loop.call_soon(cancel)

        return self._loop.call_later(when, cancel)
