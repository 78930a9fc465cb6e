"""Bodies of type multipart/form-data."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message

from aiomatatika.testing.error_responses import RefusedError
from aiomatatika.testing.request_log import RecordedRequest

__all__ = ["Part", "parts_of"]


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its name, its media type and its bytes."""

    name: str
    media_type: str
    data: bytes


def parts_of(request: RecordedRequest) -> list[Part]:
    """Return the parts of a body.

    Raises:
        RefusedError: It is of another type (415), or malformed (400).
    """
    message = _header("Content-Type", request.headers.get("Content-Type", ""))
    boundary = message.get_param("boundary")
    if message.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        raise RefusedError(415, f"Content type '{message.get_content_type()}' not supported")
    parts = (b"\r\n" + request.body).split(b"\r\n--" + boundary.encode())[1:]
    if not parts or not parts.pop().startswith(b"--"):
        raise RefusedError(400, "Failed to parse multipart servlet request")
    return [_part(part) for part in parts]


def _part(text: bytes) -> Part:
    head, separator, data = text.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    fields = dict(line.partition(":")[::2] for line in head.decode("utf-8", "replace").split("\r\n"))
    fields = {name.strip().lower(): value.strip() for name, value in fields.items()}
    name = _header("Content-Disposition", fields.get("content-disposition", "")).get_param(
        "name", header="Content-Disposition"
    )
    if not separator or not isinstance(name, str) or not name:
        raise RefusedError(400, "Failed to parse multipart servlet request")
    return Part(name, fields.get("content-type", "application/octet-stream"), data)


def _header(name: str, value: str) -> Message:
    message = Message()
    message[name] = value.encode("utf-8", "replace").decode().replace("\r", " ").replace("\n", " ")
    return message
