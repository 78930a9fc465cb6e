"""The pages of a new key: in the making, waiting to be seen, seen this once, and never again."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response

from examples.web_app.answers import explain
from examples.web_app.dependencies import Secrets
from examples.web_app.error_pages import error_page
from examples.web_app.one_time_secrets import OneTimeSecrets, Ticket
from examples.web_app.pages import page

router = APIRouter(prefix="/secrets")


def _ticket(secrets: OneTimeSecrets, ticket_id: str) -> Ticket:
    ticket = secrets.find(ticket_id)
    if ticket is None:
        raise HTTPException(404)
    return ticket


@router.get("/{ticket_id}")
async def how_far(request: Request, secrets: Secrets, ticket_id: str) -> Response:
    """Show how far a key is. The secret is not on this page: browsers reload pages as they like."""
    ticket = _ticket(secrets, ticket_id)
    values: dict[str, Any] = {"ticket": ticket}
    if ticket.running:
        return page(request, "making.html", values)
    if ticket.failed and ticket.error is not None:
        ticket.seen = True
        return error_page(request, ticket.error, retry=False)  # its form is elsewhere
    if not ticket.holds_secret:
        return page(request, "secret_seen.html", values, status=410)
    values["error"] = explain(ticket.error) if ticket.error is not None else None
    return page(request, "secret_waits.html", values)


@router.post("/{ticket_id}")
async def show_once(request: Request, secrets: Secrets, ticket_id: str) -> Response:
    """Show the secret and forget it, unless the client has gone meanwhile."""
    ticket = _ticket(secrets, ticket_id)
    key = None if ticket.running or await request.is_disconnected() else ticket.take()
    if key is None:
        return await how_far(request, secrets, ticket_id)
    return page(request, "secret.html", {"key": key})
