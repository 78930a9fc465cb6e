"""A private chat with the bot in a terminal: no account, no network."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

from examples.bot.app import KeyBot
from examples.bot.stand_in import Shown, StandIn

USER = 1

_GREETING = """\
A private chat with the bot. Type /help for its commands; #1 presses the first button of the last message that has any.
/quit or Ctrl-D ends it. With TELEGRAM_BOT_TOKEN and BOT_USERS set, the bot talks to Telegram instead.
"""


async def _lines() -> AsyncIterator[str]:
    """Yield what is typed."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        # Unbuffered, so that the thread holds no lock of sys.stdin's when the program ends without it.
        with open(0, "rb", buffering=0, closefd=False) as typed:
            while line := typed.readline():
                loop.call_soon_threadsafe(lines.put_nowait, line.decode(errors="replace"))
        loop.call_soon_threadsafe(lines.put_nowait, "")

    threading.Thread(target=read, daemon=True).start()
    while line := await lines.get():
        yield line.strip()


class Chat:
    """Shows what the bot does, and finds the buttons again."""

    def __init__(self) -> None:
        self.buttons: list[tuple[Shown, str]] = []

    def show(self, event: str, message: Shown) -> None:
        """Print one event of the chat."""
        if event == "deleted":
            print(f"bot: (deletes message {message.id})\n", flush=True)
            return
        print(f"bot: ({event} message {message.id})\n     " + message.text.replace("\n", "\n     "), flush=True)
        buttons = [(message, label) for label, data in message.buttons.items() if data]
        for number, (_, label) in enumerate(buttons, 1):
            print(f"     #{number} [{label}]")
        print(flush=True)
        self.buttons = buttons or [each for each in self.buttons if each[0] is not message]


async def chat(bot: KeyBot, telegram: StandIn, window: Chat) -> None:
    """Send what is typed, each line when the one before has been handled."""
    await telegram.polled.wait()
    print(_GREETING, flush=True)
    async for line in _lines():
        if line == "/quit":
            break
        if line.startswith("#") and line[1:].isdecimal():
            if not 1 <= int(line[1:]) <= len(window.buttons):
                print("There is no such button.", flush=True)
                continue
            message, label = window.buttons[int(line[1:]) - 1]
            await bot.updates.handled(telegram.press(message, label, user=USER))
        elif line:
            await bot.updates.handled(telegram.say(line, user=USER))
    await bot.stop()
