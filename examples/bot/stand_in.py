"""A stand-in for Telegram: as much of its Bot API as this bot needs, on loopback. See core.telegram.org/bots/api."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any, Self

import attrs
from aiohttp import web

_TAGS = {"b", "i", "u", "s", "a", "code", "pre", "tg-spoiler"}
_LONGEST = 4096


class _Text(HTMLParser):
    """Reads HTML as strictly as Telegram does."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        if self._open:
            raise ValueError(f"can't find end tag corresponding to start tag {self._open[-1]}")

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in _TAGS or (self._open and {"code", "pre"} & {tag, *self._open}):  # code goes with no other
            raise ValueError(f"unsupported start tag {tag}")
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            raise ValueError(f"unexpected end tag {tag}")

    def handle_data(self, data: str) -> None:
        self.text += data


@attrs.define(eq=False)
class Shown:
    """A message of the bot's, as a chat shows it."""

    id: int
    chat: int
    html: str = attrs.field(repr=False)
    text: str = attrs.field(repr=False)
    buttons: dict[str, str] = attrs.field(factory=dict[str, str], repr=False)
    protected: bool = False
    deleted: bool = False


@attrs.define
class Refusal:
    """A call that is answered with an error; ``acts``: after it was carried out."""

    method: str
    status: int
    description: str
    times: int = 1
    retry_after: int | None = None
    acts: bool = False
    chat: int | None = None


class _RefusedError(Exception):
    pass


class StandIn:
    """The server, with the bot's users in it.

    Attributes:
        messages: Every message of the bot's, also those that were deleted.
        calls: The methods that were called, with their fields; getUpdates is left out.
        refusals: What is refused next.
        started: The users who have started the bot; it can write to no other.
    """

    def __init__(self, token: str = "1:stand-in", *, on_event: Callable[[str, Shown], None] | None = None) -> None:
        self.token = token
        self.messages: list[Shown] = []
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.refusals: list[Refusal] = []
        self.started: set[int] = set()
        self.polled = asyncio.Event()
        self._on_event = on_event or (lambda _event, _message: None)
        self._updates: list[dict[str, Any]] = []
        self._news = asyncio.Event()
        self._next_update = 1000
        self._next_message = 1
        app = web.Application()
        app.router.add_post(r"/bot{token}/{method}", self._handle)
        # No access log: the token is in every path.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where it is."""
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    # What users do

    def say(self, text: str, *, user: int, chat: int | None = None) -> int:
        """Have a user write, in the private chat or in a group (a negative id), and return the update's id."""
        if chat is None:
            self.started.add(user)
        entity = {"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}
        message = self._message(self._next_message, chat or user, text) | {"from": _person(user)}
        self._next_message += 1
        return self.deliver({"message": message | ({"entities": [entity]} if text.startswith("/") else {})})

    def press(self, message: Shown, label: str, *, user: int) -> int:
        """Have a user press a button, and return the update's id."""
        shown = self._message(message.id, message.chat, message.text) | {"from": self._me()}
        press = {"from": _person(user), "message": shown, "chat_instance": "1", "data": message.buttons[label]}
        return self.deliver({"callback_query": press | {"id": str(self._next_update)}})

    def deliver(self, update: dict[str, Any]) -> int:
        """Put an update into the queue; one that has an id is delivered again."""
        if "update_id" not in update:
            update["update_id"] = self._next_update
            self._next_update += 1
        self._updates.append(update)
        self._news.set()
        return int(update["update_id"])

    # What the bot does

    async def _handle(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        fields = {name: str(value) for name, value in (await request.post()).items()}
        if request.match_info["token"] != self.token:
            return _error(401, "Unauthorized")
        if method == "getUpdates":
            return web.json_response({"ok": True, "result": await self._get_updates(fields)})
        self.calls.append((method, fields))
        refusal = self._refusal(method, fields)
        if refusal and not refusal.acts:
            return _error(refusal.status, refusal.description, refusal.retry_after)
        try:
            result = getattr(self, re.sub("^|(?=[A-Z])", "_", method).lower())(fields)
        except _RefusedError as error:
            status = 403 if str(error).startswith("Forbidden") else 400
            return _error(status, str(error))
        if refusal:
            return _error(refusal.status, refusal.description, refusal.retry_after)
        return web.json_response({"ok": True, "result": result})

    def _refusal(self, method: str, fields: dict[str, str]) -> Refusal | None:
        for each in self.refusals:
            if each.method == method and each.chat in {None, int(fields.get("chat_id", "0"))}:
                each.times -= 1
                if not each.times:
                    self.refusals.remove(each)
                return each
        return None

    async def _get_updates(self, fields: dict[str, str]) -> list[dict[str, Any]]:
        offset = int(fields.get("offset", "0"))
        self._updates = [each for each in self._updates if each["update_id"] >= offset]
        self.polled.set()
        if not self._updates:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), float(fields.get("timeout", "0")))
            except TimeoutError:
                return []
        return list(self._updates)

    def _me(self) -> dict[str, Any]:
        return {"id": int(self.token.partition(":")[0]), "is_bot": True, "first_name": "Keys", "username": "keys_bot"}

    def _get_me(self, fields: dict[str, str]) -> dict[str, Any]:
        return self._me()

    def _true(self, fields: dict[str, str]) -> bool:
        return True

    _delete_webhook = _set_my_commands = _answer_callback_query = _true

    def _send_message(self, fields: dict[str, str]) -> dict[str, Any]:
        chat = int(fields["chat_id"])
        if chat > 0 and chat not in self.started:
            raise _RefusedError("Forbidden: bot can't initiate conversation with a user")
        message = Shown(self._next_message, chat, "", "", protected=fields.get("protect_content") == "true")
        self._write(message, fields)
        self._next_message += 1
        self.messages.append(message)
        self._on_event("sent", message)
        return self._message(message.id, chat, message.text)

    def _edit_message_text(self, fields: dict[str, str]) -> dict[str, Any]:
        message = self._find(fields, "message to edit not found")
        before = (message.html, message.buttons)
        self._write(message, fields)
        if (message.html, message.buttons) == before:
            raise _RefusedError("Bad Request: message is not modified")
        self._on_event("edited", message)
        return self._message(message.id, message.chat, message.text)

    def _delete_message(self, fields: dict[str, str]) -> bool:
        message = self._find(fields, "message to delete not found")
        message.deleted = True
        self._on_event("deleted", message)
        return True

    def _find(self, fields: dict[str, str], missing: str) -> Shown:
        for each in self.messages:
            if (each.chat, each.id, each.deleted) == (int(fields["chat_id"]), int(fields["message_id"]), False):
                return each
        raise _RefusedError(f"Bad Request: {missing}")

    def _write(self, message: Shown, fields: dict[str, str]) -> None:
        try:
            text = _Text(fields["text"]).text if fields.get("parse_mode") == "HTML" else fields["text"]
        except ValueError as error:
            raise _RefusedError(f"Bad Request: can't parse entities: {error}") from None
        if not text.strip():
            raise _RefusedError("Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > _LONGEST:
            raise _RefusedError("Bad Request: message is too long")
        rows = json.loads(fields.get("reply_markup", "{}")).get("inline_keyboard", [])
        message.html, message.text = fields["text"], text
        message.buttons = {each["text"]: each.get("callback_data", "") for row in rows for each in row}

    @staticmethod
    def _message(message_id: int, chat: int, text: str) -> dict[str, Any]:
        kind = {"type": "private", "first_name": "U"} if chat > 0 else {"type": "group", "title": "G"}
        return {"message_id": message_id, "date": int(time.time()), "chat": {"id": chat, **kind}, "text": text}


def _person(user: int) -> dict[str, Any]:
    return {"id": user, "is_bot": False, "first_name": f"User {user}"}


def _error(status: int, description: str, retry_after: int | None = None) -> web.Response:
    parameters = {} if retry_after is None else {"parameters": {"retry_after": retry_after}}
    body = {"ok": False, "error_code": status, "description": description, **parameters}
    return web.json_response(body, status=status)
