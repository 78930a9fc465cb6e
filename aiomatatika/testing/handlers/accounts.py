"""Accounts: who administrates and owns them, and which workspaces they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiomatatika.testing.context import Context, Handler, not_found
from aiomatatika.testing.handlers.profiles import profile_list
from aiomatatika.testing.resource_types import BY_NAME
from aiomatatika.testing.responses import ServerResponse

__all__ = ["HANDLERS"]


def _list_admins(context: Context) -> ServerResponse:
    admins = context.row("account_id").related
    return profile_list(context, [profile for id, profile in context.services.store.profiles.items() if id in admins])


def _add_admin(context: Context) -> ServerResponse:
    account = context.row("account_id")
    account.related[context.profile().id] = None
    return context.respond(account)


def _remove_admin(context: Context) -> ServerResponse:
    account, id = context.row("account_id"), context.ids["profile_id"]
    if id not in account.related:
        raise not_found(BY_NAME["Profile"], id)
    del account.related[id]
    return ServerResponse(204)


def _set_owner(context: Context) -> ServerResponse:
    account, profile = context.row("account_id"), context.profile()
    account.merge({"ownerProfileId": profile.id, "ownerEmail": profile.email})
    return context.respond(account)


def _transfer_workspace(context: Context) -> ServerResponse:
    account, workspace = context.row("account_id"), context.row("workspace_id")
    workspace.parents["account_id"] = account.id
    return context.respond(workspace)


HANDLERS: Final[Mapping[str, Handler]] = {
    "accounts.list_admins": _list_admins,
    "accounts.add_admin": _add_admin,
    "accounts.remove_admin": _remove_admin,
    "accounts.set_owner": _set_owner,
    "accounts.transfer_workspace": _transfer_workspace,
}
