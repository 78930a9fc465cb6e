"""Several files in one body: multipart/form-data (RFC 7578)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping

from aiomatatika.decoding.request_bodies import Body
from aiomatatika.display import shown
from aiomatatika.errors import InvalidArgumentError
from aiomatatika.file_path import file_path
from aiomatatika.transport.streamed_body import BodyPart, FileBody

__all__ = ["multipart_body"]


def multipart_body(files: Mapping[str, bytes | os.PathLike[str]]) -> tuple[FileBody, str]:
    """Return the body that uploads files, and its media type. It can be sent again; files are read while it is sent.

    Args:
        files: By the name of the part, which is its file name as well: bytes, or the path of a file.

    Raises:
        InvalidArgumentError: A name or what it stands for cannot be sent.
    """
    try:
        contents = {name: _content(content) for name, content in files.items()}
    finally:
        del files  # it can hold passwords, and a traceback with locals would show them
    if not contents:
        raise InvalidArgumentError("files must name at least one file")
    boundary = secrets.token_hex(16)
    parts: list[BodyPart] = []
    for name, content in contents.items():
        if content is None:
            raise InvalidArgumentError(f"the content of {shown(str(name))} must be bytes or a Path")
        parts += [Body(f"--{boundary}\r\n{_head(name)}\r\n\r\n".encode()), content, Body(b"\r\n")]
    return FileBody(*parts, Body(f"--{boundary}--\r\n".encode())), f"multipart/form-data; boundary={boundary}"


def _content(content: bytes | os.PathLike[str]) -> BodyPart | None:
    if isinstance(content, bytes):
        return Body(content)
    return file_path(content, "a file") if isinstance(content, os.PathLike) else None


def _head(name: str) -> str:
    # Servers do not agree on how a quote or a backslash is escaped here.
    if not isinstance(name, str) or not name or not name.isprintable() or not {'"', "\\"}.isdisjoint(name):
        raise InvalidArgumentError("the name of a file must be a str of printable characters, without quotes and \\")
    return f'Content-Disposition: form-data; name="{name}"; filename="{name}"\r\nContent-Type: application/octet-stream'
