"""The calls on profiles."""

from __future__ import annotations

from typing import Any

import pytest

from aiomatatika import HalResource, InvalidArgumentError, MatatikaSession, NotFoundError, Profile
from aiomatatika.testing import MatatikaServer


async def test_list_returns_the_profiles_in_one_page(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.add_profiles(2)
    profiles = await matatika_session.profiles.list().collect()
    assert [(each.id, each.name, each.handle, each.email) for each in profiles] == [
        (each.id, each.name, each.handle, each.email) for each in matatika_server.profiles.values()
    ]
    (request,) = matatika_server.requests.api
    assert (request.method, request.path, request.query) == ("GET", "/api/profiles", {})


@pytest.mark.parametrize("as_object", [False, True])
async def test_get_encodes_the_id_once(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, as_object: bool
) -> None:
    id = matatika_server.profile_id
    profile = await matatika_session.profiles.get(Profile(id=id) if as_object else id)
    assert profile.id == id
    assert matatika_server.requests.api[0].path == f"/api/profiles/{id.replace('|', '%7C')}"


async def test_an_id_that_looks_encoded_is_not_decoded(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    with pytest.raises(NotFoundError):
        await matatika_session.profiles.get(matatika_server.profile_id.replace("|", "%7C"))
    assert "%257C" in matatika_server.requests.api[0].path


@pytest.mark.parametrize(
    "id", ["", ".", "..", "a/b", "a\\b", "a b", "a\n", "x" * 513, None, 5], ids=lambda id: str(id)[:5]
)
async def test_what_is_no_id_is_refused_before_anything_is_sent(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, id: Any
) -> None:
    with pytest.raises(InvalidArgumentError, match="the id of Profile must be"):
        await matatika_session.profiles.get(id)
    assert not matatika_server.requests


async def test_a_profile_has_its_workspace_and_account_as_objects(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    def edit(document: Any) -> None:
        document.update(
            defaultWorkspace={"name": "home"}, workingAccount=None, featuresDisabled="x", phone="1", colour="green"
        )

    matatika_server.faults.add(path="/api/profiles/*", edit=edit)
    profile = await matatika_session.profiles.get(matatika_server.profile_id)
    assert isinstance(profile.default_workspace, HalResource)
    assert profile.default_workspace.extra == {"name": "home"}
    assert (profile.working_account, profile.features_disabled, profile.phone) == (None, "x", "1")
    assert profile.extra == {"colour": "green"}
    assert profile.links.can("edit")
