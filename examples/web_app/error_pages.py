"""The pages that say what went wrong."""

from __future__ import annotations

from http import HTTPStatus
from typing import cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from aiomatatika import MatatikaError, SecretDeliveryError, SecretLostError
from examples.web_app.answers import explain
from examples.web_app.dependencies import state_of
from examples.web_app.guard import SECURITY_HEADERS
from examples.web_app.one_time_secrets import NoRoomError, StaleFormError
from examples.web_app.pages import page


def error_page(request: Request, error: Exception, *, retry: bool = True) -> Response:
    """Return the page of an error that `answers.ANSWERS` knows; a key that comes with it is kept until it is seen.

    Where trying again can help, a link leads to the same page, or to the form that was sent: nothing is sent twice.
    """
    again = request.url.path + (f"?{request.url.query}" if request.url.query else "") if retry else None
    said = explain(error)
    ticket = state_of(request)["secrets"].keep(error.api_key) if isinstance(error, SecretDeliveryError) else None
    orphan = error.key_id if isinstance(error, SecretLostError) and error.orphan is not False else None
    values = {"error": said, "ticket": ticket, "orphan": orphan, "again": again if said.transient else None}
    return page(request, "error.html", values, status=said.answer.status, headers=said.headers)


async def _known(request: Request, error: Exception) -> Response:
    return error_page(request, error)


async def _http(request: Request, error: Exception) -> Response:
    refusal = cast("HTTPException", error)
    status = HTTPStatus(refusal.status_code)
    advice = "There is no such page here." if status == HTTPStatus.NOT_FOUND else f"{status.description}."
    values = {"title": f"{status.phrase}.", "advice": advice}
    return page(request, "plain_error.html", values, status=status, headers=refusal.headers)


async def _invalid(request: Request, _error: Exception) -> Response:
    advice = "A part of the address or of the form is missing or wrong. Go back to the list."
    return page(request, "plain_error.html", {"title": "That request makes no sense.", "advice": advice}, status=422)


async def _unknown(request: Request, _error: Exception) -> Response:
    # Starlette sends this page from outside all middleware, then raises again: uvicorn logs the error.
    advice = "It is written to the app's log. Look at the list of keys before you repeat anything."
    values = {"title": "Something went wrong in this app.", "advice": advice}
    return page(request, "plain_error.html", values, status=500, headers=SECURITY_HEADERS)


def install(app: FastAPI) -> None:
    """Have the app show these pages."""
    for known in (MatatikaError, NoRoomError, StaleFormError):
        app.add_exception_handler(known, _known)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _unknown)
