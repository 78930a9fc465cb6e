"""What `MatatikaSession.request` and its neighbours are given, checked before anything is sent."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterable
from typing import Any, TypeAlias

import attrs
from yarl import URL

from aiomatatika.decoding.request_bodies import Body, json_body, text_body
from aiomatatika.errors import InvalidArgumentError, LinkError, RelationNotFoundError
from aiomatatika.file_path import file_path
from aiomatatika.hal import HalResource, Link
from aiomatatika.relations import Relation
from aiomatatika.transport.query import Params, with_params
from aiomatatika.transport.streamed_body import FileBody, IteratorBody, StreamedBody
from aiomatatika.transport.urls import ApiRoot

__all__ = [
    "BodyArgument",
    "accept_header",
    "action_link",
    "checked_method",
    "href_of",
    "request_content",
    "request_url",
]

BodyArgument: TypeAlias = bytes | str | os.PathLike[str] | AsyncIterable[bytes]
"""What is sent as it is: bytes, text, a file, or what an asynchronous iterator yields."""

_METHOD = re.compile(r"[A-Z]+", re.ASCII)
_BYTES = "application/octet-stream"
_MEDIA_TYPES = re.compile(r"[!-~]+(?: [!-~]+)*", re.ASCII)


def checked_method(method: str) -> str:
    """Return the name of an HTTP method in capitals."""
    if not isinstance(method, str) or not _METHOD.fullmatch(method := method.upper()):
        raise InvalidArgumentError("method must be the name of an HTTP method")
    return method


def accept_header(accept: str | None, default: str) -> str:
    """Return the Accept header of a request."""
    return default if accept is None else _media_types(accept, "accept")


def _media_types(text: str, what: str) -> str:
    if not isinstance(text, str) or not _MEDIA_TYPES.fullmatch(text):
        raise InvalidArgumentError(f"{what} must be visible ASCII characters and single spaces")
    return text


def request_content(
    json: Any, body: BodyArgument | None, content_type: str | None
) -> tuple[Body | StreamedBody | None, str]:
    """Return the body of a request and its media type.

    Raises:
        InvalidArgumentError: The arguments exclude one another, or one of them cannot be sent.
    """
    try:
        if json is not None and body is not None:
            raise InvalidArgumentError("json and body exclude one another: give one of them")
        if json is None:
            content, default = _opaque(body)
        else:
            content, default = json_body(json), "application/json"
    finally:
        del json, body  # they can hold passwords, and a traceback with locals would show them
    if content is None and content_type is not None:
        raise InvalidArgumentError("content_type goes with json or body")
    return content, default if content_type is None else _media_types(content_type, "content_type")


def _opaque(body: BodyArgument | None) -> tuple[Body | StreamedBody | None, str]:
    kind = type(body).__name__
    try:
        if body is None:
            return None, ""
        if isinstance(body, bytes):
            return Body(body), _BYTES
        if isinstance(body, str):
            return text_body(body), "text/plain; charset=utf-8"
        if isinstance(body, os.PathLike):
            return FileBody(file_path(body, "body")), _BYTES
        if isinstance(body, AsyncIterable):
            return IteratorBody(body), _BYTES
    finally:
        del body  # as above
    raise InvalidArgumentError(f"body must be bytes, str, a Path or an asynchronous iterator of bytes, not {kind}")


def request_url(root: ApiRoot, path_or_link: str | Link, method: str, params: Params | None) -> URL:
    """Return where a request goes: a path below the API's root, an absolute URL of the API, or a link.

    Raises:
        InvalidArgumentError: It is of another type, or a parameter cannot be written in a query.
        LinkError: It is a URI template, or a link for another method.
        UnsafeLinkError: It leaves the API.
    """
    if isinstance(path_or_link, str) and "://" not in path_or_link.partition("?")[0]:
        url = root.below(path_or_link)
    else:
        url = root.resolve(href_of(path_or_link, method))
    return url if params is None else with_params(url, params)


def href_of(link: Link | str, method: str) -> str:
    """Return the href of a link that can be followed as it is, by this method."""
    if isinstance(link, str):
        return link
    if not isinstance(link, Link):
        raise InvalidArgumentError(f"expected a resource, a Link or an href, not {type(link).__name__}")
    if link.templated:
        raise LinkError(f"the link {link.rel!r} is a URI template: expand it yourself")
    if link.method not in {None, method}:
        raise LinkError(f"the link {link.rel!r} is for {link.method}: use request({link.method!r}, link)")
    return link.href


def action_link(target: HalResource | Link, action: str) -> Link:
    """Return the link of an action, with the method that it takes.

    Raises:
        RelationNotFoundError: The server does not offer the action here.
        LinkError: The link does not say which method the action takes.
        InvalidArgumentError: An argument is of another kind.
    """
    if not isinstance(action, str):
        raise InvalidArgumentError(f"action must be a str, such as 'verify', not {type(action).__name__}")
    if isinstance(target, HalResource):
        link = target.links.action(*action.split(" ", 1))
    elif isinstance(target, Link):
        relation = Relation.parse(target.rel)
        if action not in relation.actions:
            raise RelationNotFoundError(f"the link {target.rel!r} does not offer {action!r}")
        link = target if len(relation.actions) == 1 else attrs.evolve(target, method=relation.method(action))
    else:
        raise InvalidArgumentError(f"expected a resource or a Link, not {type(target).__name__}")
    if link.method is None:
        raise LinkError(f"the link {link.rel!r} does not say which method {action!r} takes: use request()")
    return link
