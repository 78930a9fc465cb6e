"""API keys in files: the JSON that ``save=path`` writes, and the folder that a cluster mounts."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from aiomatatika.decoding.json_text import decode_json, member
from aiomatatika.errors import ConfigurationError
from aiomatatika.secret import Secret

__all__ = ["read_credentials_file"]

_MAX_SIZE = 64 * 2**10
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_credentials_file(path: str | os.PathLike[str]) -> tuple[str, Secret]:
    """Return the client ID and the client secret in a file or a folder.

    A file is JSON with ``client_id`` and ``client_secret``; nobody but its owner may have access to it. A folder holds
    two files of these names, as Kubernetes and Docker mount a secret: white space around a value is left out, symbolic
    links are followed, and file modes are up to whoever mounts it.

    Raises:
        ConfigurationError: The path cannot be read, holds something else, or is open to others; no value is shown.
    """
    if not isinstance(path, str | os.PathLike):
        raise ConfigurationError(f"the credentials file must be a path, not {type(path).__name__}")
    place = Path(path)
    if place.is_dir():
        client_id, secret = (_read(place / name) for name in ("client_id", "client_secret"))
        return client_id.reveal().strip(), _stripped(secret)
    credentials = _credentials(_read(place, only_owner=True))
    if credentials is None:
        raise ConfigurationError(f"{place} must be a JSON object with the strings client_id and client_secret")
    return credentials


def _read(path: Path, *, only_owner: bool = False) -> Secret:
    """Return the text of a file, hidden before anything can fail that would show it."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode  # of what is read, whatever is put in its place meanwhile
            if only_owner and os.name == "posix" and mode & _OTHERS:
                raise ConfigurationError(
                    f"{path} is open to other users (mode {stat.S_IMODE(mode):04o}): chmod 600 {shlex.quote(str(path))}"
                )
            text = Secret(file.read(_MAX_SIZE + 1).decode("utf-8", "replace"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
    else:
        if len(text.reveal()) <= _MAX_SIZE:
            return text
        reason = "larger than 64 KiB"
    raise ConfigurationError(f"{path} cannot be read: {reason}")


def _stripped(secret: Secret) -> Secret:
    return Secret(secret.reveal().strip())


def _credentials(text: Secret) -> tuple[str, Secret] | None:
    # Nothing is raised here: a traceback with locals would show the document.
    document = decode_json(text.reveal().encode())
    client_id, secret = member(document, "client_id"), member(document, "client_secret")
    return (client_id, Secret(secret)) if isinstance(client_id, str) and isinstance(secret, str) else None
