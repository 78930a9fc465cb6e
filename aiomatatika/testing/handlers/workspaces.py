"""Workspaces: the default one, and the people in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiomatatika.testing.context import Context, Handler
from aiomatatika.testing.error_responses import RefusedError
from aiomatatika.testing.handlers.generic import rows_response
from aiomatatika.testing.handlers.profiles import make_default
from aiomatatika.testing.responses import ServerResponse

__all__ = ["HANDLERS"]


def _make_default(context: Context) -> ServerResponse:
    make_default(context, context.row().id)
    return ServerResponse(200)


def _add_administrator(context: Context) -> ServerResponse:
    workspace, profile = context.row("workspace_id"), context.profile()
    for name in ("members", "administrators"):
        if context.tables[name].find(profile.id, context.ids) is None:
            context.tables.add_member(name, workspace.id, profile)
    row = context.tables["administrators"].find(profile.id, context.ids)
    assert row is not None
    return context.respond(row)


def _withdraw_administrator(context: Context) -> ServerResponse:
    workspace, profile = context.row("workspace_id"), context.profile()
    table = context.tables["administrators"]
    # Withdrawing again changes nothing, and gets the same response.
    row = table.find(profile.id, context.ids) or context.tables.add_member(table.type.table, workspace.id, profile)
    table.delete(row)
    row.document["administrator"] = False
    return context.respond(row)


# Invitations


def _list_invitations(context: Context) -> ServerResponse:
    email = context.request.query.get("email")
    rows = [row for row in context.tables["invitations"] if email is None or row.document.get("email") == email]
    return rows_response(context, rows)


def _invite(context: Context) -> ServerResponse:
    members = context.members()
    context.tables["invitations"].insert(None, context.parents()).document.update(members)
    return ServerResponse(202)


def _accept_invitation(context: Context) -> ServerResponse:
    invitation = context.row()
    if invitation.document["status"] == "REVOKED":
        raise RefusedError(409, "The invitation has been withdrawn")
    invitation.merge({"status": "ACCEPTED"})
    return context.respond(invitation)


def _withdraw_invitation(context: Context) -> ServerResponse:
    context.row().merge({"status": "REVOKED"})
    return ServerResponse(200)


HANDLERS: Final[Mapping[str, Handler]] = {
    "workspaces.make_default": _make_default,
    "administrators.add": _add_administrator,
    "administrators.withdraw": _withdraw_administrator,
    "invitations.list_sent": _list_invitations,
    "invitations.create": _invite,
    "invitations.accept": _accept_invitation,
    "invitations.withdraw": _withdraw_invitation,
}
