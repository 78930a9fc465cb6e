"""Where the secrets go: a file that its owner alone can read, or a command of the user's."""

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
from examples.batch.lines import DurableLines, RefusedError

_COMMAND_SECONDS = 60.0


class NotSavedError(Exception):
    """A secret was not saved."""


class Sink(Protocol):
    """What takes the secrets."""

    async def save(self, key: Key, new: NewApiKey) -> None:
        """Save the credentials of a key's successor; when this returns they are safe, and when it raises they are not.

        Raises:
            NotSavedError: They cannot be saved this time.
            OSError: Nothing can be saved here.
        """

    def recall(self, successor: UUID) -> ClientCredentials | None:
        """Return the credentials that a former run saved; None: they are not here."""


def _record(key: Key, new: NewApiKey) -> dict[str, Any]:
    credentials = new.credentials  # raises where the client ID is missing: half of them are of no use
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
        RefusedError: The file is not safe to write to, holds another rotation's secrets, or lacks this one's.
    """

    def __init__(self, path: Path, journal: Journal) -> None:
        saved = {key.successor for key in journal.keys.values() if key.saved_at is not None}
        if saved and not path.exists():
            raise RefusedError(f"{path} is gone, with {len(saved)} secrets that were saved there: put it back")
        self._lines = DurableLines(path)
        try:
            if self._lines.records and journal.settings is None:
                raise RefusedError(
                    f"{path} holds secrets already: name a new file (or the --journal that it goes with)"
                )
            self._credentials = _credentials(self._lines)
            if lost := saved - self._credentials.keys():
                raise RefusedError(f"{path} lacks {len(lost)} secrets that were saved there: put it back, whole")
        except RefusedError:
            self.close()
            raise

    async def save(self, key: Key, new: NewApiKey) -> None:
        """Append a line."""
        self._lines.append(_record(key, new))

    def recall(self, successor: UUID) -> ClientCredentials | None:
        """Return what a former run wrote, whether or not it came to say so in the journal."""
        return self._credentials.get(successor)

    def close(self) -> None:
        """Close the file."""
        self._lines.close()


class SecretCommand:
    """``--secret-command``: run once for each secret, with a JSON object on its standard input and nowhere else.

    It may be run again for the same old key, with another successor, where a run was killed before it knew that the
    command had succeeded. The last one counts.
    """

    def __init__(self, arguments: Sequence[str], journal: Journal) -> None:
        self._arguments = arguments
        self._lock = journal.fd

    async def save(self, key: Key, new: NewApiKey) -> None:
        """Run the command, and believe it."""
        process = await asyncio.create_subprocess_exec(
            *self._arguments,
            stdin=PIPE,
            stdout=DEVNULL,  # some repeat what they are given
            start_new_session=True,  # Ctrl-C is for us: a secret on its way is to arrive
            # While it runs, nobody else rotates, also where we are killed: it may be about to overwrite a later secret.
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
        """Return None: a command takes secrets and gives none back."""
