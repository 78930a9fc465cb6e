"""What only the calls on invitations do."""

from __future__ import annotations

import pytest

from aiomatatika import InvalidArgumentError, InvitationStatus, MatatikaSession
from aiomatatika.testing import MatatikaServer


def page(*numbers: int) -> dict[str, object]:
    return {"_embedded": {"invitations": [{"id": f"i{number}", "status": "pending"} for number in numbers]}}


async def test_a_list_without_page_object_is_walked_to_its_end(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    for each in (page(1, 2), page(3, 4), page()):
        matatika_server.faults.add(method="GET", status=200, json=each)
    invitations = await matatika_session.invitations.list(matatika_server.tables.workspace_id, size=2).collect()
    assert [each.id for each in invitations] == ["i1", "i2", "i3", "i4"]
    assert {each.status for each in invitations} == {InvitationStatus.PENDING}
    assert [each.query.get("page") for each in matatika_server.requests.api] == [None, "1", "2"]


async def test_the_address_of_received_ones_travels_whole(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(method="GET", status=200, json=page())
    assert await matatika_session.invitations.list_received("a+b@example.com", size=5).collect() == []
    assert matatika_server.requests.api[0].query == {"email": "a+b@example.com", "size": "5"}


async def test_without_an_address_the_sent_ones_are_not_taken_for_the_received(
    matatika_session: MatatikaSession,
) -> None:
    with pytest.raises(InvalidArgumentError, match="email must be a str that is not empty"):
        matatika_session.invitations.list_received("")


@pytest.mark.parametrize("body", [b"", b'{"message": "sent"}'])
async def test_create_takes_nothing_from_its_response(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, body: bytes
) -> None:
    matatika_server.faults.add(method="POST", path="/api/*", status=202, body=body)
    await matatika_session.invitations.create(matatika_server.tables.workspace_id, "ada@example.com")
    assert matatika_server.requests.api[-1].json() == {"email": "ada@example.com"}
