"""The pages of the keys: list, create, rename, rotate, delete."""

from __future__ import annotations

import contextlib
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from aiomatatika import ApiKey, MatatikaSession, NotFoundError
from examples.web_app.dependencies import PageSession, Secrets, Session, state_of
from examples.web_app.error_pages import error_page
from examples.web_app.listing import AtPlace, Place, load
from examples.web_app.one_time_secrets import OneTimeSecrets, Ticket
from examples.web_app.pages import page, short

router = APIRouter()

LONGEST_NAME = 200
_READY_WITHIN = 45
"""Seconds that a new key has to be accepted: what the page then shows works."""

NOTICES = {"renamed": "The key has its new name.", "deleted": "The key is deleted."}

Text = Annotated[str, Form(max_length=10_000)]


def _to_list(place: Place, number: int | None = None, **more: object) -> Response:
    return RedirectResponse(f"/?{place.query(number, **more)}", 303)


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
    place: AtPlace,
    notice: str = "",
    changed: UUID | None = None,
) -> Response:
    """Show a part of the keys."""
    part = await load(session, place)
    last = max(part.pages or 0, 1)
    if not part.keys and part.pages is not None and place.number > last:
        return _to_list(place, last, notice=notice)  # its last key was deleted
    deleted = state_of(request)["deleted"].get(changed) if notice == "deleted" else None
    values = {
        "part": part,
        "place": place,
        "orders": {"newest": "Newest first", "oldest": "Oldest first", "name": "By name"},
        "notice": f"The key “{short(deleted)}” is deleted." if deleted else NOTICES.get(notice),
        "unseen": secrets.unseen,
        "changed": changed,
    }
    return page(request, "list.html", values)


@router.get("/keys.json")
async def download(session: Session) -> Response:
    """Send all keys as JSON: `to_dict` leaves out whatever is secret."""
    rows = [key.to_dict() async for key in session.apikeys.list(size=100, prefetch=1)]
    return JSONResponse(rows, headers={"Content-Disposition": 'attachment; filename="keys.json"'})


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
async def ask_new_name(request: Request, session: PageSession, key_id: UUID, place: AtPlace) -> Response:
    """Ask for the new name of a key."""
    key = await session.apikeys.get(key_id)
    values = {"key": key, "name": key.name, "place": place, "fault": None, "longest": LONGEST_NAME}
    return page(request, "rename.html", values)


@router.post("/keys/{key_id}/rename")
async def rename(
    request: Request, session: PageSession, secrets: Secrets, key_id: UUID, place: AtPlace, name: Text = ""
) -> Response:
    """Rename a key."""
    # The whole key rather than its id: unknown members are sent back, and a lost response is noticed.
    key = await session.apikeys.get(key_id)
    name = name.strip()
    if fault := _fault_of(name):
        values = {"key": key, "name": name, "place": place, "fault": fault, "longest": LONGEST_NAME}
        return page(request, "rename.html", values, status=422)
    # If the key is deleted just now, this makes it anew, with a new secret in the error.
    await secrets.see_through(session.apikeys.update(key, name=name))
    return _to_list(place, notice="renamed", changed=key_id)


@router.get("/keys/{key_id}/rotate")
async def confirm_rotation(
    request: Request, session: PageSession, secrets: Secrets, key_id: UUID, place: AtPlace
) -> Response:
    """Ask whether to rotate a key."""
    key = await session.apikeys.get(key_id)
    values = {"key": key, "form": secrets.new_form(), "place": place, "own": _is_own(session, key)}
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
async def confirm_deletion(request: Request, session: PageSession, key_id: UUID, place: AtPlace) -> Response:
    """Ask whether to delete a key."""
    key = await session.apikeys.get(key_id)
    return page(request, "delete.html", {"key": key, "place": place, "own": _is_own(session, key)})


@router.post("/keys/{key_id}/delete")
async def delete(request: Request, session: PageSession, key_id: UUID, place: AtPlace) -> Response:
    """Delete a key."""
    with contextlib.suppress(NotFoundError):  # the button was pressed twice, or somebody was faster
        key = await session.apikeys.get(key_id)
        state_of(request)["deleted"].add(key)
        await session.apikeys.delete(key)
    return _to_list(place, notice="deleted", changed=key_id)
