"""What every request goes through: the app has credentials and no login, so other sites must not drive it."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from examples.web_app.pages import page

SECURITY_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not "no-referrer": browsers then send "Origin: null" with the app's own forms, too. No other site gets a referrer.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_CHANGES_NOTHING = frozenset({"GET", "HEAD", "OPTIONS"})
_MAY_BE_CACHED = "/static/"


def _is_own(request: Request) -> bool:
    """Tell whether a page of this app sent it. Without a header that says so it is refused: browsers send one."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("origin") == f"{request.url.scheme}://{request.headers.get('host', '')}"


class Guard:
    """Adds the security headers, and refuses changes that another site asks for before anything of them is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, as ASGI calls it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    if not (name == "Cache-Control" and request.url.path.startswith(_MAY_BE_CACHED)):
                        headers[name] = value
            await send(message)

        if request.method in _CHANGES_NOTHING or _is_own(request):
            await self._app(scope, receive, send_guarded)
            return
        advice = "Nothing was done. If it was you, go to the list and use the forms there."
        refusal = page(
            request, "plain_error.html", {"title": "Another site has sent this.", "advice": advice}, status=403
        )
        await refusal(scope, receive, send_guarded)
