"""The pages of the keys: list, create, rename, rotate, delete."""

from __future__ import annotations

import contextlib
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from aiomatatika import ApiKey, MatatikaSession, NotFoundError
from examples.web_app.dependencies import PageSession, Secrets, Session
from examples.web_app.error_pages import error_page
from examples.web_app.one_time_secrets import OneTimeSecrets, Ticket
from examples.web_app.pages import page

router = APIRouter()

KEYS_A_PAGE = 10
LONGEST_NAME = 200
_READY_WITHIN = 45
"""Seconds that a new key has to be accepted: what the page then shows works."""

NOTICES = {"renamed": "The key has its new name.", "deleted": "The key is deleted."}

PageNumber = Annotated[int, Query(alias="page", ge=1, le=1_000_000)]
Text = Annotated[str, Form(max_length=10_000)]


def _to_list(number: int, **values: object) -> Response:
    return RedirectResponse("/?" + urlencode({"page": number} | values), 303)


def _fault_of(name: str) -> str | None:
    if not name:
        return "Enter a name: the key needs one."
    if len(name) > LONGEST_NAME:
        return f"Enter a shorter name: {LONGEST_NAME} characters at most."
    return None


def _is_own(session: MatatikaSession, key: ApiKey) -> bool | None:
    """Tell whether the app itself uses a key; None: with a bearer token it cannot know."""
    return None if session.client_id is None else key.client_id == session.client_id


async def _outcome(request: Request, secrets: OneTimeSecrets, ticket: Ticket) -> Response:
    """Go on to the page of a ticket, or say why there is no key."""
    await ticket.settled(secrets.patience)
    if ticket.failed and ticket.error is not None:
        ticket.seen = True
        return error_page(request, ticket.error)
    return RedirectResponse(f"/secrets/{ticket.id}", 303)


@router.get("/")
async def show_list(
    request: Request,
    session: PageSession,
    secrets: Secrets,
    number: PageNumber = 1,
    notice: str = "",
    changed: UUID | None = None,
) -> Response:
    """Show one page of keys: one GET, and the counts that come with it."""
    keys = await session.apikeys.list(page=number - 1, size=KEYS_A_PAGE).page()
    if not keys.items and keys.total_pages is not None and number > max(keys.total_pages, 1):
        return _to_list(max(keys.total_pages, 1), notice=notice)  # its last key was deleted
    values = {
        "keys": keys,
        "number": number,
        "notice": NOTICES.get(notice),
        "unseen": secrets.unseen,
        "changed": changed,
    }
    return page(request, "list.html", values)


@router.get("/keys/new")
async def ask_name(request: Request, secrets: Secrets) -> Response:
    """Ask for the name of a new key."""
    return page(request, "new.html", {"form": secrets.new_form(), "name": "", "fault": None, "longest": LONGEST_NAME})


@router.post("/keys/new")
async def create(request: Request, session: Session, secrets: Secrets, name: Text = "", form: Text = "") -> Response:
    """Create a key."""
    name = name.strip()
    if fault := _fault_of(name):
        values = {"form": form, "name": name, "fault": fault, "longest": LONGEST_NAME}
        return page(request, "new.html", values, status=422)
    ticket = secrets.make(form, name, lambda save: session.apikeys.create(name, ready_within=_READY_WITHIN, save=save))
    return await _outcome(request, secrets, ticket)


@router.get("/keys/{key_id}/rename")
async def ask_new_name(request: Request, session: PageSession, key_id: UUID, number: PageNumber = 1) -> Response:
    """Ask for the new name of a key."""
    key = await session.apikeys.get(key_id)
    values = {"key": key, "name": key.name, "number": number, "fault": None, "longest": LONGEST_NAME}
    return page(request, "rename.html", values)


@router.post("/keys/{key_id}/rename")
async def rename(
    request: Request, session: PageSession, secrets: Secrets, key_id: UUID, number: PageNumber = 1, name: Text = ""
) -> Response:
    """Rename a key."""
    # The whole key rather than its id: unknown members are sent back, and a lost response is noticed.
    key = await session.apikeys.get(key_id)
    name = name.strip()
    if fault := _fault_of(name):
        values = {"key": key, "name": name, "number": number, "fault": fault, "longest": LONGEST_NAME}
        return page(request, "rename.html", values, status=422)
    # If the key is deleted just now, this makes it anew, with a new secret in the error.
    await secrets.see_through(session.apikeys.update(key, name=name))
    return _to_list(number, notice="renamed", changed=key_id)


@router.get("/keys/{key_id}/rotate")
async def confirm_rotation(
    request: Request, session: PageSession, secrets: Secrets, key_id: UUID, number: PageNumber = 1
) -> Response:
    """Ask whether to rotate a key."""
    key = await session.apikeys.get(key_id)
    values = {"key": key, "form": secrets.new_form(), "number": number, "own": _is_own(session, key)}
    return page(request, "rotate.html", values)


@router.post("/keys/{key_id}/rotate")
async def rotate(request: Request, session: Session, secrets: Secrets, key_id: UUID, form: Text = "") -> Response:
    """Make a successor of a key, and delete the key."""
    ticket = secrets.made_by(form)
    if ticket is None:
        key = await session.apikeys.get(key_id)
        ticket = secrets.make(
            form,
            key.name or str(key.id),
            lambda save: session.apikeys.rotate(key, ready_within=_READY_WITHIN, save=save),
        )
    return await _outcome(request, secrets, ticket)


@router.get("/keys/{key_id}/delete")
async def confirm_deletion(request: Request, session: PageSession, key_id: UUID, number: PageNumber = 1) -> Response:
    """Ask whether to delete a key."""
    key = await session.apikeys.get(key_id)
    return page(request, "delete.html", {"key": key, "number": number, "own": _is_own(session, key)})


@router.post("/keys/{key_id}/delete")
async def delete(session: PageSession, key_id: UUID, number: PageNumber = 1) -> Response:
    """Delete a key."""
    with contextlib.suppress(NotFoundError):  # the button was pressed twice, or somebody was faster
        await session.apikeys.delete(key_id)
    return _to_list(number, notice="deleted")
