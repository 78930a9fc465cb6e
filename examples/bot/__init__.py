"""A Telegram bot that looks after API keys: what a long-lived program shares, shows, hides and cleans up.

::

    python -m examples.bot                                                     # a chat in this terminal
    TELEGRAM_BOT_TOKEN=123:abc BOT_USERS=4711,4712 python -m examples.bot      # a bot on Telegram

One `MatatikaSession` lives as long as the bot and is passed to every handler. Start reading with `app.py` (what starts
and stops when), then `making.py` (a key whose secret reaches its user, or does not exist) and `watcher.py`.
"""

from __future__ import annotations

from importlib.util import find_spec

if absent := [name for name in ("aiogram",) if find_spec(name) is None]:
    raise ModuleNotFoundError(f"the bot needs {', '.join(absent)}: pip install -e '.[examples]'")
