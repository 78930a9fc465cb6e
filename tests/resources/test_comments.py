"""What is particular to the calls on comments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from aiomatatika import Comment, InvalidArgumentError, MatatikaSession, ResponseError
from aiomatatika.resources.members import Member
from aiomatatika.testing import MatatikaServer

ID = UUID("8d3f7e0a-64f4-4b5c-93f1-2f6f1f9d8c11")
REPLY = UUID("0f2a6a7f-5b0c-4e0e-8d55-7a1c8f6f4d21")
DATASET = UUID("1b0c2d3e-4f5a-4b6c-8d7e-9f0a1b2c3d4e")
COMMENTS = f"/api/datasets/{DATASET}/comments"
READ = {"id": str(ID), "message": "a", "from": {"id": "auth0|1", "name": "Ann"}, "datasetId": str(DATASET)}


@pytest.mark.parametrize("relation", ["datasetComments", "comments"])
async def test_replies_are_those_of_the_parent(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, relation: str
) -> None:
    matatika_server.faults.add(path="/api/*", status=200, json={"_embedded": {relation: [READ]}})
    (reply,) = await matatika_session.comments.list_replies(Comment(id=ID, dataset_id=DATASET)).collect()
    assert reply.from_ == Member(id="auth0|1", name="Ann")
    (request,) = matatika_server.requests.api
    assert (request.path, request.query) == (COMMENTS, {"parentId": str(ID)})


async def test_a_reply_names_dataset_and_parent(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(method="POST", path=f"/api/comments/{ID}", status=200, json={"id": str(REPLY)})
    matatika_server.faults.add(method="PUT", path=f"{COMMENTS}/{REPLY}", status=201, json={"id": str(REPLY)})
    assert (await matatika_session.comments.reply(Comment(id=ID, dataset_id=DATASET), "b")).id == REPLY
    sent = matatika_server.requests.api[1].json()
    assert sent == {"message": "b", "datasetId": str(DATASET), "parentId": str(ID)}


async def test_update_keeps_a_reply_where_it_is(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(path="/api/*", status=200, json=READ | {"parentId": str(REPLY), "likeCount": 2}, times=2)
    await matatika_session.comments.update(await matatika_session.comments.get(ID), "b")
    sent = matatika_server.requests.api[1].json()
    assert sent == {"message": "b", "datasetId": str(DATASET), "parentId": str(REPLY)}


async def test_an_update_that_creates_is_an_error(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(path="/api/*", status=201, json=READ)
    with pytest.raises(ResponseError):
        await matatika_session.comments.update(Comment(id=ID, dataset_id=DATASET), "b")


async def _list_replies(session: MatatikaSession, comment: Comment) -> Any:
    return await session.comments.list_replies(comment).collect()


@pytest.mark.parametrize(
    "call",
    [
        _list_replies,
        lambda session, comment: session.comments.reply(comment, "b"),
        lambda session, comment: session.comments.update(comment, "b"),
    ],
    ids=["list_replies", "reply", "update"],
)
@pytest.mark.parametrize("comment", [Comment(id=ID), ID], ids=["comment", "id"])
async def test_what_goes_by_the_dataset_needs_it(
    matatika_server: MatatikaServer,
    matatika_session: MatatikaSession,
    call: Callable[[MatatikaSession, Any], Awaitable[Any]],
    comment: Any,
) -> None:
    with pytest.raises(InvalidArgumentError, match="with its dataset_id"):
        await call(matatika_session, comment)
    assert not matatika_server.requests
