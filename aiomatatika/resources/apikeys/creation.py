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

from aiomatatika.errors import MatatikaError, PendingError, SecretLostError
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
_RESPONSE_LOST = "the response to the PUT that creates it was lost"
_DELETED = "it is deleted again"
_REVIVABLE = "it was deleted, but a lost PUT can bring it back"


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
    """Deleting the key failed, or was accepted and may still be carried out."""

    error: MatatikaError
    is_accepted: bool = False


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
        draft_id: The id of a draft that the user was given before. Whether this creation made what exists under it
            cannot be known, so a look-up that finds it is no reason to delete it.
    """

    def __init__(self, draft_id: UUID | None = None) -> None:
        self._is_own_draft = draft_id is None
        self._key_id = draft_id
        self._puts = 0
        self._unproven: Counter[UUID] = Counter()  # PUTs by id whose fate is not proven
        self._may_be_left = False  # a key of the current id, made by a PUT that was answered or by one that was found
        self._deleted: list[UUID] = []  # ids of keys that were made, and deleted because their secrets were lost
        self._last_error: MatatikaError | None = None  # of the last PUT that was lost
        self._lost_reason: str | None = None  # why the secret is lost, while what is left is being deleted

    @property
    def unproven(self) -> tuple[UUID, ...]:
        """The ids of keys that a PUT of this creation may have made or, also later, may still make."""
        return tuple(+self._unproven)

    @property
    def left_behind(self) -> tuple[UUID, ...]:
        """The ids of keys that may exist, now or later, without anybody having their secret, if it ended here."""
        ids = dict.fromkeys(self.unproven)
        if self._may_be_left and self._key_id is not None:
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
                if self._key_id is not None:  # it was a PUT
                    self._unproven[self._key_id] -= 1
                return self._give_up(event.error)
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
            case Found() | Absent() | Unclear():
                return self._after_look_up(key_id, event)
        return self._after_deletion(key_id, event)

    def _put(self, key_id: UUID) -> Step:
        self._puts += 1
        self._unproven[key_id] += 1
        return Put(key_id)

    def _after_response(self, key_id: UUID, status: int) -> Step:
        if status == _OK and self._unproven[key_id]:
            # The look-up showed no key: a PUT before this one was carried out after it.
            return self._after_sighting(key_id)
        if status == _OK:
            reason = "it existed before (200), and its secret is not given again"
            return _lost(key_id, reason, created=False, orphan=False)
        self._may_be_left = True
        if status == _CREATED:
            self._lost_reason = "it was created (201), but the response holds no usable secret"
            return Delete(key_id)
        if status == _ACCEPTED and not self.unproven:
            message = f"the creation of API key {key_id} is accepted, not done"
            return Fail(PendingError(message, resource_id=key_id))
        return _lost(key_id, f"the response {status} holds no secret", created=None, orphan=None)

    def _after_look_up(self, key_id: UUID, event: Found | Absent | Unclear) -> Step:
        if isinstance(event, Found):
            return self._after_sighting(key_id)
        if isinstance(event, Unclear):
            reason = f"{_RESPONSE_LOST}, and the look-up does not tell ({event.reason})"
            return _lost(key_id, reason, created=None, orphan=None)
        if self._puts < _MAX_PUTS:
            return self._put(key_id)
        assert self._last_error is not None  # the look-up was for a PUT that was lost
        return self._give_up(self._last_error, absent=key_id)

    def _after_sighting(self, key_id: UUID) -> Step:
        if not self._is_own_draft:
            return _lost(key_id, "it exists, made by this call or before it", created=None, orphan=None)
        self._unproven[key_id] -= 1  # this one made it
        self._may_be_left = True
        return Delete(key_id)

    def _after_deletion(self, key_id: UUID, event: Deleted | NotDeleted) -> Step:
        if isinstance(event, NotDeleted):
            failed = "its deletion is not confirmed" if event.is_accepted else "deleting the key failed"
            reason = f"{self._lost_reason or _RESPONSE_LOST}, and {failed} ({event.error})"
            return _lost(key_id, reason, created=True, orphan=None if event.is_accepted else True)
        self._may_be_left = False
        self._deleted.append(key_id)
        if self._lost_reason is None and self._puts < _MAX_PUTS:
            self._key_id = None
            return Initialise()
        orphan = None if self._unproven[key_id] else False
        gone = _REVIVABLE if orphan is None else _DELETED
        return _lost(key_id, f"{self._lost_reason or _RESPONSE_LOST}; {gone}", created=True, orphan=orphan)

    def _give_up(self, error: MatatikaError, absent: UUID | None = None) -> Step:
        """End with this error where it tells all that there is to tell, else with the secret that was lost before it.

        Args:
            error: Why there is no key.
            absent: The id that a look-up has just shown to be without a key.
        """
        suspects = [key_id for key_id in self.unproven if key_id != absent]
        if not suspects and not self._deleted:
            return Fail(error)
        key_id = (suspects or self._deleted)[-1]
        gone = _REVIVABLE if suspects else _DELETED
        reason = f"{_RESPONSE_LOST}{f'; {gone}' if key_id in self._deleted else ''}; and then: {error}"
        # What a lost PUT of a suspect may still make, is or is not there: that it was made before says nothing of it.
        created, orphan = (None, None) if suspects else (True, False)
        return _lost(key_id, reason, created=created, orphan=orphan)


def _lost(key_id: UUID, reason: str, *, created: bool | None, orphan: bool | None) -> Fail:
    message = f"the secret of API key {key_id} is lost: {reason}"
    return Fail(SecretLostError(message, key_id=key_id, created=created, orphan=orphan))
