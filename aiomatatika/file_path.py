"""The paths of files that a caller names."""

from __future__ import annotations

import os
from pathlib import Path

from aiomatatika.errors import InvalidArgumentError

__all__ = ["file_path"]


def file_path(path: str | os.PathLike[str], what: str) -> Path:
    """Return a path that a file can have.

    Args:
        path: What the caller gave.
        what: The argument that it was given as.

    Raises:
        InvalidArgumentError: No file can have it.
    """
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(name, str) or not name or "\0" in name:
        raise InvalidArgumentError(f"{what} must be the path of a file, a str or a Path, not {type(path).__name__}")
    return Path(name)
