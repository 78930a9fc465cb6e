"""What only the calls on administrators do."""

from __future__ import annotations

from uuid import UUID

import pytest

from aiomatatika import Administrator, InvalidArgumentError, MatatikaSession, NotFoundError, Profile
from aiomatatika.testing import MatatikaServer

WORKSPACE = UUID(int=1)
ADA = "auth0|ada"


@pytest.mark.parametrize("who", [ADA, Profile(id=ADA)], ids=["id", "profile"])
async def test_a_member_that_a_lost_request_has_withdrawn_is_no_administrator(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, who: Profile | str
) -> None:
    matatika_server.faults.add(method="DELETE", drop="before")
    matatika_server.faults.add(method="DELETE", status=404, times=None)
    withdrawn = await matatika_session.administrators.withdraw(WORKSPACE, who)
    assert withdrawn == Administrator(id=ADA, administrator=False)
    with pytest.raises(NotFoundError):
        await matatika_session.administrators.withdraw(WORKSPACE, who)


async def test_an_administrator_is_no_profile(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    with pytest.raises(InvalidArgumentError, match="expected Profile or its id, not Administrator"):
        await matatika_session.administrators.withdraw(WORKSPACE, Administrator(id=ADA))  # type: ignore[arg-type]  # it is refused
    assert not matatika_server.requests
