"""The calls on profiles."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from aiomatatika import Account, InvalidArgumentError, MatatikaSession, NotFoundError, Profile, Workspace
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


@pytest.mark.parametrize("id", ["", ".", "..", "a/b", "a\\b", "a b", "a\n", "x" * 513, None, 5])
async def test_what_is_no_id_is_refused_before_anything_is_sent(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, id: Any
) -> None:
    with pytest.raises(InvalidArgumentError, match="the id of Profile must be"):
        await matatika_session.profiles.get(id)
    assert not matatika_server.requests


WORKSPACE = {"id": str(UUID(int=1)), "name": "home"}
ACCOUNT = {"id": "acme", "company": "Acme"}


async def test_an_update_sends_back_what_was_read_but_names_what_is_new(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    def edit(document: Any) -> None:
        document.update(defaultWorkspace=WORKSPACE, workingAccount=ACCOUNT, phone="1", colour="green")

    matatika_server.faults.add(method="GET", path="/api/profiles/*", edit=edit)
    profile = await matatika_session.profiles.get(matatika_server.profile_id)
    assert profile.default_workspace is not None
    assert profile.working_account is not None
    assert (profile.default_workspace.name, profile.working_account.company) == ("home", "Acme")
    await matatika_session.profiles.update(
        profile, name="Ada", phone=None, working_account=Account(id="other", company="Other")
    )
    assert matatika_server.requests.api[-1].json() == {
        "name": "Ada",
        "email": profile.email,
        "defaultWorkspace": WORKSPACE,
        "workingAccount": {"id": "other"},
        "colour": "green",
    }


async def test_create_makes_the_profile_of_an_id(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    profile = await matatika_session.profiles.create("auth0|new", name="Ada L", email="ada@example.com", phone="1")
    assert (profile.id, profile.handle) == ("auth0|new", "@ada")
    assert matatika_server.requests.api[-1].json() == {"name": "Ada L", "email": "ada@example.com", "phone": "1"}


async def test_the_default_workspace_is_set_by_its_id(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    id = matatika_server.tables.workspace_id
    profile = await matatika_session.profiles.set_default_workspace(
        matatika_server.profile_id, Workspace(id=UUID(id), name="not sent")
    )
    assert profile.default_workspace == Workspace(id=UUID(id))
    assert matatika_server.requests.api[-1].json() == {"defaultWorkspace": {"id": id}}
