"""The creation of an API key as a state machine: what happened in, what to do next out. No I/O.

The PUT that creates a key is the one request of the API that must not go out twice: its response is the only sight of
the secret, and the second response has none. After a lost response the id tells what happened, because a POST gave it
out first and nobody else knows it: it exists, then it is ours, is deleted, and another is made; it does not, then the
PUT goes out again. A PUT without a response stays in the books until it is proven what became of it. However the
creation ends, an id with such a PUT is named.
"""

from __future__ import annotations

from collections import Counter
from uuid import UUID

import msgspec

from aiomatatika.errors import MatatikaError, PendingError, ResponseError, SecretLostError
from aiomatatika.resources.apikeys.models import NewApiKey

__all__ = [
    "Absent",
    "Answered",
    "Created",
    "Creation",
    "Delete",
    "Deleted",
    "Drafted",
    "Event",
    "Fail",
    "Found",
    "Initialise",
    "LookUp",
    "Lost",
    "NotDeleted",
    "Put",
    "Refused",
    "Return",
    "Step",
    "Unclear",
]

_MAX_PUTS = 3
_OK, _CREATED, _ACCEPTED = 200, 201, 202


# What happened.


class Drafted(msgspec.Struct, frozen=True):
    """The POST brought a draft with this id."""

    key_id: UUID


class Created(msgspec.Struct, frozen=True):
    """The response to the PUT brought the secret."""

    key: NewApiKey


class Answered(msgspec.Struct, frozen=True):
    """The PUT was carried out with this status, and its response holds no usable secret."""

    status: int


class Refused(msgspec.Struct, frozen=True):
    """The request was certainly not carried out."""

    error: MatatikaError


class Lost(msgspec.Struct, frozen=True):
    """The PUT may have been carried out; there is no usable response."""

    error: MatatikaError


class Found(msgspec.Struct, frozen=True):
    """The look-up shows a key."""


class Absent(msgspec.Struct, frozen=True):
    """The look-up shows no key, or the draft still."""


class Unclear(msgspec.Struct, frozen=True):
    """The look-up failed, or shows something else."""

    reason: str


class Deleted(msgspec.Struct, frozen=True):
    """The key is deleted, or was gone already."""


class NotDeleted(msgspec.Struct, frozen=True):
    """Deleting the key failed."""

    error: MatatikaError


Event = Drafted | Created | Answered | Refused | Lost | Found | Absent | Unclear | Deleted | NotDeleted


# What to do next.


class Initialise(msgspec.Struct, frozen=True):
    """POST for a draft."""


class Put(msgspec.Struct, frozen=True):
    """PUT the key, once."""

    key_id: UUID


class LookUp(msgspec.Struct, frozen=True):
    """GET the key: does it exist?"""

    key_id: UUID


class Delete(msgspec.Struct, frozen=True):
    """DELETE the key."""

    key_id: UUID


class Return(msgspec.Struct, frozen=True):
    """Hand out the key: the creation is over."""

    key: NewApiKey


class Fail(msgspec.Struct, frozen=True):
    """Raise the error: the creation is over."""

    error: MatatikaError


Step = Initialise | Put | LookUp | Delete | Return | Fail


class Creation:
    """The creation of one key.

    Args:
        draft_id: The id of a draft that the user was given before. Whether what exists under it was made by this
            creation cannot be known, so it is never deleted.
    """

    def __init__(self, draft_id: UUID | None = None) -> None:
        self._is_own_draft = draft_id is None
        self._key_id = draft_id
        self._puts = 0
        self._unproven: Counter[UUID] = Counter()  # PUTs by id, without a response and without proof of their fate
        self._is_made = False  # a key of the current id is there, and nobody has its secret
        self._deleted_id: UUID | None = None  # of a key that was made, and deleted because its secret was lost
        self._last_error: MatatikaError | None = None
        self._lost_reason: str | None = None  # why the secret is lost, while what is left is being deleted

    @property
    def unproven(self) -> tuple[UUID, ...]:
        """The ids of keys that a PUT of this creation may have made or, also later, may still make."""
        return tuple(+self._unproven)

    @property
    def left_behind(self) -> tuple[UUID, ...]:
        """The ids of keys that may be there without anybody having their secret, were the creation to end now."""
        ids = dict.fromkeys(self.unproven)
        if self._is_made and self._key_id is not None:
            ids[self._key_id] = None
        return tuple(ids)

    def start(self) -> Step:
        """Return the first step."""
        return Initialise() if self._key_id is None else self._put(self._key_id)

    def advance(self, event: Event) -> Step:
        """Take in what became of the last step, and return the next."""
        match event:
            case Drafted():
                self._key_id = event.key_id
                return self._put(event.key_id)
            case Refused():
                return self._after_refusal(event.error)
            case Deleted() | NotDeleted():
                return self._after_deletion(event)
        key_id = self._key_id
        assert key_id is not None  # there is one from the first PUT on
        match event:
            case Created():
                self._unproven[key_id] -= 1
                return Return(event.key)
            case Answered():
                self._unproven[key_id] -= 1
                return self._after_response(key_id, event.status)
            case Lost():
                self._last_error = event.error
                return LookUp(key_id)
            case Found():
                return self._after_sighting(key_id)
            case Absent():
                return self._after_absence(key_id)
            case Unclear():
                reason = f"the response was lost, and the look-up does not tell ({event.reason})"
                return self._lost(key_id, reason, created=None, orphan=None)

    def _put(self, key_id: UUID) -> Step:
        self._puts += 1
        self._unproven[key_id] += 1
        return Put(key_id)

    def _after_refusal(self, error: MatatikaError) -> Step:
        if self._key_id is not None:  # it was a PUT, and has not been carried out
            self._unproven[self._key_id] -= 1
        for key_id in self.unproven:
            return self._lost(key_id, f"a response was lost before, and then: {error}", created=None, orphan=None)
        if self._deleted_id is not None:
            reason = f"its response was lost, it is deleted again, and another could not be made: {error}"
            return self._lost(self._deleted_id, reason, created=True, orphan=False)
        return Fail(error)

    def _after_response(self, key_id: UUID, status: int) -> Step:
        if status == _OK and self._unproven[key_id]:
            # The key did not exist when it was looked for: the PUT before this one was carried out late.
            self._last_error = ResponseError("the first response was lost, and the second (200) holds no secret")
            return self._after_sighting(key_id)
        if status == _CREATED:
            self._is_made = True
            self._lost_reason = "it was created (201), but the response holds no usable secret"
            return Delete(key_id)
        if status == _ACCEPTED and not self.unproven:
            message = f"the creation of API key {key_id} is accepted, not done"
            return Fail(PendingError(message, resource_id=key_id))
        if status == _OK:
            reason = "it existed before (200), and its secret is not given again"
            return self._lost(key_id, reason, created=False, orphan=False)
        return self._lost(key_id, f"the response {status} holds no secret", created=None, orphan=None)

    def _after_sighting(self, key_id: UUID) -> Step:
        if not self._is_own_draft:
            return self._lost(key_id, "it exists, made by this call or before it", created=None, orphan=None)
        self._unproven[key_id] -= 1  # this one made it
        self._is_made = True
        return Delete(key_id)

    def _after_absence(self, key_id: UUID) -> Step:
        if self._puts < _MAX_PUTS:
            return self._put(key_id)
        others = [each for each in self.unproven if each != key_id]
        if others:
            reason = "its response was lost, and whether it was carried out did not become known"
            return self._lost(others[0], reason, created=None, orphan=None)
        assert self._last_error is not None  # of the PUT that was lost
        return Fail(self._last_error)

    def _after_deletion(self, event: Deleted | NotDeleted) -> Step:
        key_id, reason = self._key_id, self._lost_reason
        assert key_id is not None  # of the key that was to be deleted
        if isinstance(event, NotDeleted):
            why = f"{reason or 'it was created, its response was lost'}, and deleting it failed ({event.error})"
            return self._lost(key_id, why, created=True, orphan=True)
        self._is_made = False
        orphan = None if self._unproven[key_id] else False
        gone = "deleting it may not last: a lost PUT can bring it back" if orphan is None else "it is deleted again"
        if reason is not None:
            return self._lost(key_id, f"{reason}; {gone}", created=True, orphan=orphan)
        if self._puts < _MAX_PUTS:
            self._key_id, self._deleted_id = None, key_id
            return Initialise()
        return self._lost(key_id, f"every response was lost; {gone}", created=True, orphan=orphan)

    def _lost(self, key_id: UUID, reason: str, *, created: bool | None, orphan: bool | None) -> Fail:
        message = f"the secret of API key {key_id} is lost: {reason}"
        return Fail(SecretLostError(message, key_id=key_id, created=created, orphan=orphan))
