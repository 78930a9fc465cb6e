"""Every sequence of events that the creation of a key can meet, and every state that the server can be in meanwhile.

The machine is told events. Beside it runs a set of worlds: all that the server may hold, given these events. A lost PUT
splits a world into three (carried out, under way still, never to arrive), a look-up that shows nothing proves little,
for replicas lag; what is under way may be carried out at any time, also after the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple
from uuid import UUID

import pytest

from aiomatatika import (
    ConflictError,
    MatatikaError,
    NewApiKey,
    PendingError,
    Secret,
    SecretLostError,
    TransportError,
)
from aiomatatika.resources.apikeys.creation import (
    Absent,
    Answered,
    Created,
    Creation,
    Delete,
    Deleted,
    Drafted,
    Event,
    Fail,
    Found,
    Initialise,
    LookUp,
    Lost,
    NotDeleted,
    Put,
    Refused,
    Return,
    Step,
    Unclear,
)

MAX_EVENTS = 12  # POST, PUT, look-up and deletion, three times
LOST, REFUSED = TransportError("lost", sent="maybe"), ConflictError(409)
DRAFT = UUID(int=99)


class Key(NamedTuple):
    """What the server may hold under an id.

    Attributes:
        exists: There is a key.
        ours: This creation made it.
        under_way: PUTs that may still be carried out.
    """

    exists: bool = False
    ours: bool = False
    under_way: int = 0

    def later(self) -> Iterator[Key]:
        """Yield all that can become of it when nobody does anything more."""
        yield self
        if self.under_way:
            yield from self._replace(under_way=self.under_way - 1).later()
            yield from self.after_put()._replace(under_way=self.under_way - 1).later()

    def after_put(self) -> Key:
        return self if self.exists else self._replace(exists=True, ours=True)

    def after_loss(self) -> Iterator[Key]:
        yield self
        yield self.after_put()
        yield self._replace(under_way=self.under_way + 1)


Worlds = Mapping[UUID, frozenset[Key]]  # the ids are independent of each other
Split = Callable[[Key], Iterator[Key]]


def when(condition: Callable[[Key], bool], after: Split) -> Split:
    return lambda key: after(key) if condition(key) else iter(())


def is_absent(key: Key) -> bool:
    return not key.exists


def exists(key: Key) -> bool:
    return key.exists


def unchanged(key: Key) -> Iterator[Key]:
    yield key


def put(key: Key) -> Iterator[Key]:
    yield key.after_put()


def accepted(key: Key) -> Iterator[Key]:
    yield key._replace(under_way=key.under_way + 1)


def gone(key: Key) -> Iterator[Key]:
    yield key._replace(exists=False, ours=False)


def maybe_gone(key: Key) -> Iterator[Key]:
    return chain(unchanged(key), gone(key))


def new_key(key_id: UUID) -> NewApiKey:
    return NewApiKey(id=key_id, client_id="c", client_secret=Secret("s"))


def possible_events(step: Step) -> Iterator[tuple[Event, Split]]:
    """Yield what can become of a step, and what each outcome says of the key that it was about."""
    match step:
        case Initialise():
            yield Refused(REFUSED), unchanged
        case Put():
            yield Created(new_key(step.key_id)), when(is_absent, put)
            yield Answered(200), when(exists, put)
            yield Answered(201), when(is_absent, put)
            yield Answered(202), accepted
            yield Answered(204), Key.after_loss
            yield Refused(REFUSED), unchanged
            yield Lost(LOST), Key.after_loss
        case LookUp():
            yield Found(), when(exists, unchanged)
            yield Absent(), unchanged
            yield Unclear("?"), unchanged
        case Delete():
            yield Deleted(), gone
            yield NotDeleted(REFUSED), maybe_gone
            yield NotDeleted(REFUSED, is_accepted=True), maybe_gone


class Path(NamedTuple):
    """A way through a creation: the events, the steps that they led to, and the worlds that are possible at its end."""

    draft: UUID | None
    events: tuple[Event, ...]
    steps: tuple[Step, ...]
    worlds: Worlds

    @property
    def creation(self) -> Creation:
        """A creation that has gone this way."""
        creation = Creation(self.draft)
        creation.start()
        for event in self.events:
            creation.advance(event)
        return creation

    def next(self) -> Iterator[Path]:
        step = self.steps[-1]
        if isinstance(step, Initialise):
            key_id = UUID(int=len(self.events) + 1)
            yield self._after(Drafted(key_id), {**self.worlds, key_id: frozenset({Key()})})
        for event, split in possible_events(step):
            if isinstance(step, Put | LookUp | Delete):
                before = chain.from_iterable(key.later() for key in self.worlds[step.key_id])
                worlds = frozenset(chain.from_iterable(split(key) for key in before))
                if worlds:
                    yield self._after(event, {**self.worlds, step.key_id: worlds})
            else:
                yield self._after(event, self.worlds)

    def _after(self, event: Event, worlds: Worlds) -> Path:
        events = (*self.events, event)
        return Path(self.draft, events, (*self.steps, self.creation.advance(event)), worlds)

    def may_exist(self, key_id: UUID) -> bool:
        """Tell whether a key of ours can be there, now or later."""
        worlds = chain.from_iterable(key.later() for key in self.worlds[key_id])
        return any(key.exists and key.ours for key in worlds)


def explored(draft: UUID | None) -> Iterator[Path]:
    start = Creation(draft).start()
    worlds = {} if draft is None else {draft: frozenset({Key(), Key(exists=True)})}
    paths = [Path(draft, (), (start,), worlds)]
    while paths:
        path = paths.pop()
        yield path
        if not isinstance(path.steps[-1], Return | Fail):
            assert len(path.events) < MAX_EVENTS, "it goes on for ever"
            paths += path.next()


def told_at_the_end(path: Path) -> set[UUID | str | None]:
    """Return the ids that the caller holds or is told: returned, raised, or named in the log."""
    end = path.steps[-1]
    told: set[UUID | str | None] = set(path.creation.unproven)
    match end:
        case Return():
            told.add(end.key.id)
        case Fail(error=SecretLostError(key_id=key_id)) | Fail(error=PendingError(resource_id=key_id)):
            told.add(key_id)
    return told


def assert_sound(path: Path) -> None:
    step, creation = path.steps[-1], path.creation
    may_exist = {key_id for key_id in path.worlds if path.may_exist(key_id)}
    assert set(creation.unproven) <= set(creation.left_behind)
    if isinstance(step, Return | Fail):
        assert may_exist <= told_at_the_end(path), "a key may exist, and nobody is told"
    else:
        assert may_exist <= set(creation.left_behind), "a cancelled caller would not be told"
    if isinstance(step, Return):
        may_exist = {key_id for key_id in may_exist if any(key.under_way for key in path.worlds[key_id])}
    under_way = {step.key_id} if isinstance(step, Put) else set()
    assert set(creation.left_behind) <= may_exist | under_way, "an id is named without need"
    puts = [each.key_id for each in path.steps if isinstance(each, Put)]
    assert len(puts) <= 3
    for before, after in zip(path.steps, path.steps[1:], strict=False):
        assert not (isinstance(before, Put) and isinstance(after, Put)), "a PUT follows a PUT without a look-up"
    if isinstance(step, Delete):
        assert all(not key.exists or key.ours for key in path.worlds[step.key_id]), "another's key is deleted"
    if isinstance(step, Fail):
        assert_honest(path, step.error)


def assert_honest(path: Path, error: MatatikaError) -> None:
    """Fail where the error that ends a creation says more than is known."""
    was_lost = any(isinstance(event, Lost) for event in path.events)
    was_made = any(isinstance(event, Deleted | NotDeleted) for event in path.events)
    if isinstance(error, SecretLostError):
        if error.orphan is False:
            assert not path.may_exist(error.key_id), "a PUT can bring back what is said to be gone"
        if error.created is True:
            assert was_made
        elif error.created is False:
            assert all(key.exists and not key.ours for key in path.worlds[error.key_id])
    elif isinstance(error, PendingError):
        assert not path.creation.unproven
    else:
        assert not was_made, "a secret was lost, and the error does not say so"
        assert not was_lost or isinstance(path.events[-1], Absent), "nothing was made, it says without a look-up"


@pytest.mark.parametrize("draft", [None, DRAFT], ids=["own draft", "draft of the user"])
def test_whatever_happens_no_key_is_lost_without_a_word(draft: UUID | None) -> None:
    paths = 0
    for path in explored(draft):
        paths += 1
        try:
            assert_sound(path)
        except AssertionError as error:
            error.add_note(f"events: {path.events}\nsteps: {path.steps}")
            raise
    assert paths > 30


def test_the_exploration_reaches_each_step_and_each_end() -> None:
    reached = {type(path.steps[-1]) for path in explored(None)}
    assert reached == {Initialise, Put, LookUp, Delete, Return, Fail}
