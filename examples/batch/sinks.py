"""Where the secrets go: a file that only its owner can read, or a command of the user's."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from aiomatatika import ClientCredentials, NewApiKey
from examples.batch.journal import Journal, Key
from examples.batch.lines import DurableLines
from examples.refused import RefusedError

_COMMAND_SECONDS = 60.0


class NotSavedError(Exception):
    """A secret was not saved."""


class Sink(Protocol):
    """Takes the secrets."""

    async def save(self, key: Key, new: NewApiKey) -> None:
        """Save the credentials of a key's successor: safe once this returns, lost if it raises.

        Raises:
            NotSavedError: These could not be saved.
            OSError: Nothing can be saved.
        """

    def recall(self, successor: UUID) -> ClientCredentials | None:
        """Return the credentials that a former run saved; None where they are not at hand."""


def _record(key: Key, new: NewApiKey) -> dict[str, Any]:
    credentials = new.credentials  # raises where the client ID is missing: a secret alone is useless
    return {
        "id": str(new.id),
        "name": key.name,
        "replaces": str(key.id),
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret.reveal(),
    }


def _credentials(lines: DurableLines) -> dict[UUID, ClientCredentials]:
    try:
        return {
            UUID(record["id"]): ClientCredentials(record["client_id"], record["client_secret"])
            for record in lines.records
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        raise RefusedError(f"{lines.path} is not a secrets file of this program") from None


class SecretFile:
    """``--secrets FILE``: JSON lines, each on the disk before the program goes on.

    Raises:
        RefusedError: The file is unsafe, holds the secrets of another rotation, or lacks those of this one.
    """

    def __init__(self, path: Path, journal: Journal) -> None:
        saved = {key.successor for key in journal.keys.values() if key.saved_at is not None}
        if saved and not path.exists():
            raise RefusedError(f"{path} is gone, with {len(saved)} saved secrets: put it back")
        self._lines = DurableLines(path)
        try:
            if self._lines.records and journal.settings is None:
                raise RefusedError(
                    f"{path} already holds secrets: name a new file (or the --journal that it belongs to)"
                )
            self._credentials = _credentials(self._lines)
            if lost := saved - self._credentials.keys():
                raise RefusedError(f"{path} lacks {len(lost)} of the saved secrets: put the whole file back")
        except RefusedError:
            self.close()
            raise

    async def save(self, key: Key, new: NewApiKey) -> None:
        """Append a line."""
        self._lines.append(_record(key, new))

    def recall(self, successor: UUID) -> ClientCredentials | None:
        """Return what a former run wrote, whether or not its journal says so."""
        return self._credentials.get(successor)

    def close(self) -> None:
        """Close the file."""
        self._lines.close()


class SecretCommand:
    """``--secret-command``: run once for each secret, which it gets as a JSON object on its standard input alone.

    After a kill it may run again for the same old key, with another successor. The last run counts.
    """

    def __init__(self, arguments: Sequence[str], journal: Journal) -> None:
        self._arguments = arguments
        self._lock = journal.fd

    async def save(self, key: Key, new: NewApiKey) -> None:
        """Run the command; exit code 0 means that it has saved the secret."""
        process = await asyncio.create_subprocess_exec(
            *self._arguments,
            stdin=PIPE,
            stdout=DEVNULL,  # it may print what it is given
            start_new_session=True,  # Ctrl-C is for this program: a secret under way has to arrive
            # While it runs nobody else rotates, even if this program is killed: it could overwrite a later secret.
            pass_fds=(self._lock,),
        )
        try:
            async with asyncio.timeout(_COMMAND_SECONDS):
                await process.communicate(json.dumps(_record(key, new)).encode())
        except TimeoutError:
            raise NotSavedError(f"the secret command did not end within {_COMMAND_SECONDS:.0f} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise NotSavedError(f"the secret command ended with exit code {process.returncode}")

    def recall(self, successor: UUID) -> None:
        """Return None: a command only takes secrets."""
