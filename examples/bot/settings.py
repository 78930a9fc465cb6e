"""What the environment says: who may talk to the bot, and where it does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import attrs
from aiogram.utils.token import TokenValidationError, validate_token
from yarl import URL

from aiomatatika import Secret

_TELEGRAM = "https://api.telegram.org"
_USERS = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)
_LEAST_SECONDS, _MOST_SECONDS = 10, 86_400


class SettingsError(Exception):
    """A variable is missing or malformed; the message names it, and never contains a token."""


@attrs.frozen
class Settings:
    """The settings of the bot.

    Attributes:
        token: The bot's token; None for a chat in the terminal.
        users: The Telegram users whom it obeys.
        state: The file in which it remembers; None to forget everything at the end.
        watch_every: Seconds between two looks at the keys.
        telegram: Where the Bot API is.
    """

    token: Secret | None
    users: frozenset[int]
    state: Path | None
    watch_every: float
    telegram: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read the variables; one that is empty counts as not set.

        Raises:
            SettingsError: A variable is missing or malformed.
        """
        token = environ.get("TELEGRAM_BOT_TOKEN", "")
        users = environ.get("BOT_USERS", "")
        if token and not users.strip():
            raise SettingsError(
                "BOT_USERS is missing: name the Telegram users whom the bot obeys, as BOT_USERS=123456,234567. "
                "@userinfobot tells anyone their id."
            )
        state = environ.get("BOT_STATE", "") or ("bot-state.json" if token else "")
        return cls(
            token=_token(token) if token else None,
            users=_users(users),
            state=Path(state) if state else None,
            watch_every=_seconds(environ.get("BOT_WATCH_SECONDS", "") or "300"),
            telegram=_url(environ.get("TELEGRAM_API_URL", "") or _TELEGRAM),
        )


def _token(text: str) -> Secret:
    try:
        validate_token(text)
    except TokenValidationError:
        raise SettingsError(
            "TELEGRAM_BOT_TOKEN is not a bot's token: @BotFather gives one, digits, a colon and letters. "
            "Leave it unset for a chat in this terminal."
        ) from None
    return Secret(text)


def _users(text: str) -> frozenset[int]:
    ids = [each.strip() for each in text.split(",")] if text.strip() else []
    for each in ids:
        if not _USERS.fullmatch(each):
            raise SettingsError(f"BOT_USERS is a list of user ids such as 123456,234567: {each[:40]!r} is not an id")
    return frozenset(map(int, ids))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not _LEAST_SECONDS <= seconds <= _MOST_SECONDS:  # NaN is not, either
        raise SettingsError(f"BOT_WATCH_SECONDS is a number from {_LEAST_SECONDS} to {_MOST_SECONDS}")
    return seconds


def _url(text: str) -> str:
    try:
        url = URL(text)
        safe = url.scheme == "https" or (url.scheme == "http" and url.host in {"127.0.0.1", "::1", "localhost"})
    except ValueError:
        safe = False
    if not safe:
        raise SettingsError("TELEGRAM_API_URL is an https URL: the bot's token travels in every path")
    return text
