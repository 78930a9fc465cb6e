"""Profiles: a store of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from aiomatatika.testing.bodies import json_object, members_of
from aiomatatika.testing.context import Context, Handler, not_found
from aiomatatika.testing.handlers.generic import listed
from aiomatatika.testing.resource_types import BY_NAME
from aiomatatika.testing.responses import ServerResponse, hal_response
from aiomatatika.testing.store import StoredProfile

__all__ = ["HANDLERS", "profile_list"]


def profile_list(context: Context, profiles: list[StoredProfile]) -> ServerResponse:
    """Return a list of profiles."""
    return listed(context, [_document(context, profile) for profile in profiles], (dict.get, dict))


def _list(context: Context) -> ServerResponse:
    return profile_list(context, list(context.services.store.profiles.values()))


def _get(context: Context) -> ServerResponse:
    return hal_response(_document(context, context.profile()))


def _put(context: Context) -> ServerResponse:
    members = context.members()
    name, email = members.pop("name"), members.pop("email")
    id = context.ids["profile_id"]
    profile = context.services.store.profiles.get(id)
    if profile is None:
        profile = StoredProfile(id, name, f"@{name.split()[0].lower()}", email, members)
        context.services.store.keep_profile(profile)
        return hal_response(_document(context, profile), 201)
    profile.name, profile.email, profile.extra = name, email, members
    return hal_response(_document(context, profile))


def _edit(context: Context) -> ServerResponse:
    profile = context.profile()
    members = members_of(json_object(context.request, BY_NAME["Profile"]), BY_NAME["Profile"])
    if isinstance(wanted := members.get("defaultWorkspace"), dict):
        id = str(wanted.get("id"))
        workspace = context.tables["workspaces"].find(id, {})
        if workspace is None:
            raise not_found(BY_NAME["Workspace"], id)
        make_default(context, workspace.id)
    profile.name, profile.email = members.pop("name", profile.name), members.pop("email", profile.email)
    profile.extra |= members
    return hal_response(_document(context, profile))


def make_default(context: Context, workspace_id: str) -> None:
    """Make a workspace the default of the built-in profile."""
    for row in context.tables["workspaces"]:
        row.document["defaultWorkspace"] = row.id == workspace_id


def _set_working_account(context: Context) -> ServerResponse:
    profile = context.profile()
    account = context.row("account_id")
    profile.extra["workingAccount"] = dict(account.document)
    return hal_response(_document(context, profile))


def _document(context: Context, profile: StoredProfile) -> dict[str, Any]:
    root = context.settings.root
    return {
        **profile.member,
        "email": profile.email,
        **profile.extra,
        "_links": {
            "self": {"href": f"{root}/profiles"},  # the real API names the collection here, too
            "update edit profile": {"href": f"{root}/profiles/{quote(profile.id, safe='')}"},
        },
    }


HANDLERS: Final[Mapping[str, Handler]] = {
    "profiles.list": _list,
    "profiles.get": _get,
    "profiles.put": _put,
    "profiles.set_default_workspace": _edit,
    "profiles.set_working_account": _set_working_account,
}
