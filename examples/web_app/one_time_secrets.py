"""Keys in the making, and their secrets until somebody has seen them.

A request can end at any moment: the browser is closed, the network fails. So a task of the app makes the key, and
``save=`` hands it over as soon as it exists. A `Ticket` stands for it; its id is the unguessable part of the address
under which the secret is shown, once.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar
from uuid import UUID

import attrs

from aiomatatika import MatatikaError, NewApiKey, PendingError, SecretDeliveryError

T = TypeVar("T")

_logger = logging.getLogger(__name__)

_REMEMBERED = 500
"""How many tickets without a secret are kept, to say that it was seen."""

Save = Callable[[NewApiKey], None]


class NoRoomError(Exception):
    """Too many secrets wait to be seen: no key is made until one of them has been."""


class StaleFormError(Exception):
    """A form from before the app was started: it cannot tell whether the form was sent before."""


@attrs.define(eq=False, repr=False)
class Ticket:
    """One key in the making, then its secret until it was seen.

    Attributes:
        name: The name of the key.
        form: The form that asked for it.
        id: Whoever knows it may see the secret.
        key_id: The id of the key, as soon as it exists.
        error: What went wrong, even if there is a key.
        seen: Whether somebody has seen the outcome.
    """

    name: str
    form: str | None = None
    id: str = attrs.field(factory=secrets.token_urlsafe)
    key_id: UUID | None = None
    error: Exception | None = None
    seen: bool = False
    task: asyncio.Task[None] | None = None
    _key: NewApiKey | None = None

    @property
    def running(self) -> bool:
        """Whether the key is still being made."""
        return self.task is not None and not self.task.done()

    @property
    def holds_secret(self) -> bool:
        """Whether a secret waits to be seen."""
        return self._key is not None

    @property
    def failed(self) -> bool:
        """Whether there is no key and will not be."""
        return self.error is not None and self.key_id is None

    def put(self, key: NewApiKey) -> None:
        """Take the key: the ``save=`` of its making. The same key may come again, in an error."""
        if self.key_id is None:
            self._key, self.key_id = key, key.id

    def take(self) -> NewApiKey | None:
        """Hand out the key, and forget it."""
        key, self._key = self._key, None
        self.seen = self.seen or key is not None
        return key

    async def settled(self, within: float) -> None:
        """Wait, for some seconds, until the making has ended; a cancelled caller does not cancel it."""
        if self.task is not None:
            await asyncio.wait({self.task}, timeout=within)


class OneTimeSecrets:
    """The tickets.

    Args:
        patience: Seconds that a request waits for its key.
        room: How many keys may be in the making or wait to be seen.
    """

    def __init__(self, *, patience: float, room: int = 20) -> None:
        self.patience = patience
        self._room = room
        self._run = secrets.token_urlsafe(9)
        self._tickets: dict[str, Ticket] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def unseen(self) -> list[Ticket]:
        """The tickets whose outcome nobody has seen yet."""
        return [ticket for ticket in self._tickets.values() if not ticket.seen]

    def find(self, ticket_id: str) -> Ticket | None:
        """Return the ticket of an id."""
        return self._tickets.get(ticket_id)

    def new_form(self) -> str:
        """Return what identifies a form: sent twice, it makes one key."""
        return f"{self._run}.{secrets.token_urlsafe(16)}"

    def made_by(self, form: str) -> Ticket | None:
        """Return the ticket that a form has led to. One that came to nothing does not count: it may be tried again."""
        for ticket in self._tickets.values():
            # After a 202 the outcome is unknown: repeating it could make a second key.
            if ticket.form == form and not (ticket.failed and not isinstance(ticket.error, PendingError)):
                return ticket
        return None

    def make(self, form: str, name: str, work: Callable[[Save], Awaitable[object]]) -> Ticket:
        """Begin to make a key; a form that was sent before returns its ticket.

        Args:
            form: What `new_form` returned.
            name: The name of the key.
            work: Makes it; it is given the ``save=`` to use.

        Raises:
            NoRoomError: Too many secrets wait. Nothing was begun, and none of them is dropped.
            StaleFormError: The form is from before the app was started.
        """
        if not form.startswith(f"{self._run}."):
            raise StaleFormError
        if known := self.made_by(form):
            return known
        if sum(ticket.running or ticket.holds_secret for ticket in self._tickets.values()) >= self._room:
            raise NoRoomError
        ticket = Ticket(name, form)
        ticket.task = self._start(self._make(ticket, work))
        self._remember(ticket)
        return ticket

    async def _make(self, ticket: Ticket, work: Callable[[Save], Awaitable[object]]) -> None:
        try:
            await work(ticket.put)
        except SecretDeliveryError as error:
            ticket.put(error.api_key)
            ticket.error = error
        except MatatikaError as error:
            ticket.error = error
        except asyncio.CancelledError as cancelled:
            _logger.warning(
                "a key was in the making: %s", "; ".join(getattr(cancelled, "__notes__", ["nothing known"]))
            )
            raise
        except Exception as error:
            ticket.error = error
            _logger.exception("making a key failed")
        if isinstance(ticket.error, MatatikaError):
            _logger.warning("making a key: %s", ticket.error)

    def keep(self, key: NewApiKey) -> Ticket:
        """Keep a key that an error brought: there is always room for it."""
        for known in self._tickets.values():
            if known.key_id == key.id:
                return known
        ticket = Ticket(key.name or "")
        ticket.put(key)
        self._remember(ticket)
        return ticket

    async def see_through(self, call: Coroutine[Any, Any, T]) -> T:
        """Run a call whose error can bring a key: the call outlives the request, and the key is kept."""
        return await asyncio.shield(self._start(self._keeping(call)))

    async def _keeping(self, call: Coroutine[Any, Any, T]) -> T:
        try:
            return await call
        except SecretDeliveryError as error:
            self.keep(error.api_key)
            raise

    async def close(self, *, within: float) -> None:
        """Wait some seconds for what is running, then cancel it; log which secrets nobody has seen."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=within)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)  # the library gives a request with a secret a few seconds more
        for ticket in self._tickets.values():
            if ticket.holds_secret:
                _logger.warning("nobody has seen the secret of API key %s: rotate or delete it", ticket.key_id)

    def _start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved, even if the request that waited for it has ended

    def _remember(self, ticket: Ticket) -> None:
        self._tickets[ticket.id] = ticket
        done = [each for each in self._tickets.values() if not (each.running or each.holds_secret or each is ticket)]
        for old in done[: max(0, len(done) - _REMEMBERED)]:
            del self._tickets[old.id]
