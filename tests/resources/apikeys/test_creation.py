"""The creation of a key, event by event: which step follows, and what the error that ends it says."""

from __future__ import annotations

from uuid import UUID

import pytest

from aiomatatika import (
    ConflictError,
    NewApiKey,
    PendingError,
    ResponseError,
    Secret,
    SecretLostError,
    ServerError,
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

A, B, C = (UUID(int=number) for number in (1, 2, 3))
KEY = NewApiKey(id=A, client_secret=Secret("s"))
LOST, REFUSED, AWAY = TransportError("cut", sent="maybe"), ConflictError(409), ServerError(503)
UNDONE = ResponseError("202")

MADE_AND_DELETED: list[Event] = [Lost(LOST), Found(), Deleted()]
LATE: list[Event] = [Lost(LOST), Absent(), Lost(LOST), Found(), Deleted()]  # one of the two PUTs may still come


def after(*events: Event, draft: UUID | None = None) -> tuple[Creation, Step]:
    """Return a creation that has met these events, and its next step."""
    creation = Creation(draft)
    step = creation.start()
    for event in events:
        step = creation.advance(event)
    return creation, step


@pytest.mark.parametrize(
    "events, step",
    [
        ([], Initialise()),
        ([Drafted(A)], Put(A)),
        ([Drafted(A), Created(KEY)], Return(KEY)),
        ([Drafted(A), Lost(LOST)], LookUp(A)),
        ([Drafted(A), Lost(LOST), Absent()], Put(A)),
        ([Drafted(A), Lost(LOST), Absent(), Created(KEY)], Return(KEY)),
        ([Drafted(A), Lost(LOST), Found()], Delete(A)),
        ([Drafted(A), *MADE_AND_DELETED], Initialise()),
        ([Drafted(A), *MADE_AND_DELETED, Drafted(B)], Put(B)),
        ([Drafted(A), Lost(LOST), Absent(), Answered(200)], Delete(A)),
        ([Drafted(A), Lost(LOST), Absent(), Answered(200), Deleted()], Initialise()),
        ([Drafted(A), Answered(201)], Delete(A)),
        ([Drafted(A), Refused(REFUSED)], Fail(REFUSED)),
        ([Refused(REFUSED)], Fail(REFUSED)),
        ([Drafted(A), *[Lost(LOST), Absent()] * 2, Lost(AWAY), Absent()], Fail(AWAY)),
    ],
)
def test_an_event_leads_to_a_step(events: list[Event], step: Step) -> None:
    assert after(*events)[1] == step


def test_a_draft_of_the_user_is_put_at_once() -> None:
    assert {after(draft=A)[1]} == {Put(A)}


@pytest.mark.parametrize(
    "events, key_id, created, orphan, why",
    [
        ([Answered(200)], A, False, False, "it existed before"),
        ([Answered(204)], A, None, None, "the response 204 holds no secret"),
        ([Answered(201), Deleted()], A, True, False, "no usable secret; it is deleted again"),
        ([Answered(201), NotDeleted(REFUSED)], A, True, True, r"no usable secret, and deleting the key failed \(409"),
        (
            [Answered(201), NotDeleted(UNDONE, is_accepted=True)],
            A,
            True,
            None,
            r"and its deletion is not confirmed \(202",
        ),
        ([Lost(LOST), Absent(), Answered(201), Deleted()], A, True, None, "a lost PUT can bring it back"),
        ([Lost(LOST), Absent(), Answered(202)], A, None, None, "the response 202 holds no secret"),
        ([Lost(LOST), Unclear("why not")], A, None, None, r"was lost, and the look-up does not tell \(why not\)"),
        ([Lost(LOST), Found(), NotDeleted(REFUSED)], A, True, True, r"was lost, and deleting the key failed \(409"),
        ([Lost(LOST), Absent(), Refused(REFUSED)], A, None, None, "was lost; and then: 409"),
        ([*MADE_AND_DELETED, Refused(REFUSED)], A, True, False, "it is deleted again; and then: 409"),
        ([*LATE, Refused(REFUSED)], A, None, None, "a lost PUT can bring it back; and then: 409"),
        ([*LATE, Drafted(B), Refused(REFUSED)], A, None, None, "and then: 409"),
        ([*LATE, Drafted(B), Lost(AWAY), Absent()], A, None, None, "and then: 503"),
        (
            [*MADE_AND_DELETED, Drafted(B), Lost(LOST), Absent(), Refused(REFUSED)],
            B,
            None,
            None,
            "lost; and then: 409",
        ),
        (
            [*MADE_AND_DELETED, Drafted(B), Lost(LOST), Absent(), Lost(LOST), Absent()],
            A,
            True,
            False,
            "deleted again; and then: cut",
        ),
        (
            [*MADE_AND_DELETED, Drafted(B), *MADE_AND_DELETED, Drafted(C), *MADE_AND_DELETED],
            C,
            True,
            False,
            "it is deleted again",
        ),
        ([*LATE, Drafted(B), *MADE_AND_DELETED], B, True, False, "it is deleted again"),
        ([Lost(LOST), Absent(), *LATE], A, True, None, "a lost PUT can bring it back"),
    ],
)
def test_a_secret_that_is_lost_is_told_with_all_that_is_known(
    events: list[Event], key_id: UUID, created: bool | None, orphan: bool | None, why: str
) -> None:
    step = after(Drafted(A), *events)[1]
    assert isinstance(step, Fail)
    with pytest.raises(SecretLostError, match=f"^the secret of API key {key_id} is lost: .*{why}") as caught:
        raise step.error
    assert (caught.value.key_id, caught.value.created, caught.value.orphan) == (key_id, created, orphan)


@pytest.mark.parametrize("last", [Found(), Answered(200)])
def test_what_exists_under_the_users_draft_is_not_provably_ours(last: Event) -> None:
    events: list[Event] = [Lost(LOST), last] if isinstance(last, Found) else [Lost(LOST), Absent(), last]
    step = after(*events, draft=A)[1]
    assert isinstance(step, Fail)
    assert isinstance(step.error, SecretLostError)
    assert (step.error.key_id, step.error.created, step.error.orphan) == (A, None, None)
    assert "made by this call or before it" in str(step.error)


def test_what_is_accepted_is_pending() -> None:
    creation, step = after(Drafted(A), Answered(202))
    assert isinstance(step, Fail)
    assert isinstance(step.error, PendingError)
    assert step.error.resource_id == A
    assert str(step.error) == f"the creation of API key {A} is accepted, not done"
    assert creation.left_behind == (A,)


@pytest.mark.parametrize(
    "events, unproven, left_behind",
    [
        ([], (), ()),
        ([Drafted(A)], (A,), (A,)),
        ([Drafted(A), Created(KEY)], (), ()),
        ([Drafted(A), Refused(REFUSED)], (), ()),
        ([Drafted(A), Answered(200)], (), ()),
        ([Drafted(A), Answered(201)], (), (A,)),
        ([Drafted(A), Answered(201), Deleted()], (), ()),
        ([Drafted(A), Lost(LOST)], (A,), (A,)),
        ([Drafted(A), Lost(LOST), Found()], (), (A,)),
        ([Drafted(A), *MADE_AND_DELETED], (), ()),
        ([Drafted(A), Lost(LOST), Absent(), Created(KEY)], (A,), (A,)),
        ([Drafted(A), *LATE], (A,), (A,)),
        ([Drafted(A), *LATE, Drafted(B), Created(KEY)], (A,), (A,)),
        ([Drafted(A), *LATE, Drafted(B)], (A, B), (A, B)),
    ],
)
def test_what_a_put_may_have_made_or_may_still_make_is_kept_in_mind(
    events: list[Event], unproven: tuple[UUID, ...], left_behind: tuple[UUID, ...]
) -> None:
    creation = after(*events)[0]
    assert (creation.unproven, creation.left_behind) == (unproven, left_behind)
