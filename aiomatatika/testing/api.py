"""The API itself: from a recorded request to a response, without I/O."""

from __future__ import annotations

from aiomatatika.testing.context import ApiSettings, Context, Services
from aiomatatika.testing.error_responses import RefusedError, spring_error, unauthorized
from aiomatatika.testing.handlers.all import handler_of
from aiomatatika.testing.operations import OPERATIONS
from aiomatatika.testing.request_log import RecordedRequest
from aiomatatika.testing.responses import ServerResponse
from aiomatatika.testing.routing import Router

__all__ = ["Api"]

_ROUTER = Router(OPERATIONS)


class Api:
    """Every operation of the table.

    Args:
        services: The server's data and time.
        settings: Where it is, and how large its pages are.
    """

    def __init__(self, services: Services, settings: ApiSettings) -> None:
        self._services = services
        self._settings = settings

    def respond(self, request: RecordedRequest) -> ServerResponse:
        """Act on a request below the API's root, and return the response."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._services.tokens.accept(token.strip()):
            return unauthorized()
        try:
            match = _ROUTER.match(request.method, request.path.removeprefix("/api"))
            context = Context(
                request=request,
                operation=match.operation,
                statuses=match.statuses,
                ids=match.ids,
                services=self._services,
                settings=self._settings,
            )
            return handler_of(match.operation)(context)
        except RefusedError as refused:
            return spring_error(refused, request.path, now=self._services.time.stamp())
