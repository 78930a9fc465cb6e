"""What resource groups are made of: a method for each shape that operations of this API have.

A group's own methods say what is theirs: path, class, fields. How often a lost request may be repeated, which statuses
are success, what a draft is and how a collection is asked for stands here. What has another shape gives its `Repeat`
and its statuses to `_object` or `_send`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeAlias, TypedDict, TypeVar, Unpack, get_type_hints
from uuid import UUID

from aiomatatika.decoding.documents import path_list
from aiomatatika.decoding.header_fields import HeaderFields
from aiomatatika.decoding.request_bodies import Body
from aiomatatika.errors import InvalidArgumentError, ResponseError
from aiomatatika.hal import HalResource
from aiomatatika.paging.collection import Collection, PageSource, check_count
from aiomatatika.paging.page import read_page
from aiomatatika.resources.bodies import FieldValues
from aiomatatika.transport.client import Client
from aiomatatika.transport.message import DONE, GONE, Request, Response
from aiomatatika.transport.query import Params, QueryValue
from aiomatatika.transport.repeat import Repeat
from aiomatatika.transport.streamed_body import StreamedBody
from aiomatatika.transport.urls import path_segment, uuid_segment

__all__ = [
    "ACCEPTED",
    "CREATED",
    "DONE",
    "OK",
    "OK_OR_CREATED",
    "CallOptions",
    "Group",
    "Paging",
    "Ref",
    "id_of",
    "paging_query",
]

_logger = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R", bound=HalResource)

Ref: TypeAlias = R | UUID | str
"""A resource, its id, or the id's text."""

OK: Final = frozenset({200})
CREATED: Final = frozenset({201})
ACCEPTED: Final = frozenset({202})
OK_OR_CREATED: Final = frozenset({200, 201})
_MAX_SIZE = 100_000


class Paging(TypedDict, total=False):
    """Which part of a collection to ask for, and how. Every ``list`` of a paged operation takes these.

    Attributes:
        size: Items a page; the server's default is 20.
        sort: A property and a direction, such as ``"name,asc"``; several in a sequence.
        page: The page to begin with, from 0.
        prefetch: Pages to fetch ahead while the caller works on one; bounds the memory to one page more.
    """

    size: int | None
    sort: str | Sequence[str] | None
    page: int | None
    prefetch: int


def paging_query(paging: Paging) -> dict[str, str | list[str]]:
    """Return the query parameters that ask for a part of a collection.

    Raises:
        TypeError: `Paging` has no such name.
        InvalidArgumentError: A value is out of range.
    """
    unknown = paging.keys() - Paging.__annotations__.keys()
    if unknown:
        raise TypeError(f"list() takes {', '.join(Paging.__annotations__)}, not {', '.join(sorted(unknown))}")
    size, page, sort = paging.get("size"), paging.get("page"), paging.get("sort")
    query: dict[str, str | list[str]] = {}
    if page is not None:
        check_count(page, "page")
        query["page"] = str(page)
    if size is not None:
        check_count(size, "size", least=1, most=_MAX_SIZE)
        query["size"] = str(size)
    if sort is not None:
        sorts = [sort] if isinstance(sort, str) else list(sort) if isinstance(sort, Sequence) else []
        if not sorts or not all(isinstance(each, str) and each for each in sorts):
            raise InvalidArgumentError("sort must be a str, such as 'name,asc', or several of them")
        query["sort"] = sorts
    return query


@cache
def _has_uuid(cls: Any) -> bool:
    return get_type_hints(cls)["id"] is UUID


def id_of(ref: HalResource | UUID | str, cls: type[HalResource]) -> str:
    """Return the id that a reference names, encoded as one path segment: ids become segments here and nowhere else.

    Args:
        ref: A resource of the class, its id, or the id's text.
        cls: The class that the reference has to be of; its ``id`` says whether ids are UUIDs or opaque text.

    Raises:
        InvalidArgumentError: The resource is of another class, or the id cannot be one. Nothing is sent.
    """
    if isinstance(ref, UUID):
        return uuid_segment(ref)
    given: Any = ref
    kind: Any = cls
    if isinstance(ref, HalResource):
        if not isinstance(ref, cls):
            raise InvalidArgumentError(f"expected {cls.__name__} or its id, not {type(ref).__name__}")
        given = getattr(ref, "id", None)
    what = f"the id of {cls.__name__}"
    if _has_uuid(kind):
        return uuid_segment(given, what)
    return path_segment(str(given) if isinstance(given, UUID) else given, what)


class _RequestOptions(TypedDict, total=False):
    body: Body | StreamedBody
    headers: HeaderFields
    content_type: str
    accept: str
    done_already: frozenset[int]
    streamed: frozenset[int]
    within: float | None


class CallOptions(_RequestOptions, total=False):
    """What a call can have beside its method, path and `Repeat`; ``body`` and those after it are as of `Request`.

    Attributes:
        promised: The statuses of success; left out, 200.
        query: Query parameters; None is left out.
    """

    promised: frozenset[int]
    query: Params | None


class Group:
    """The calls on one kind of resource. A session hands it out."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def _list(
        self, path: str, cls: type[R], relation: str, paging: Paging | None = None, **filters: QueryValue
    ) -> Collection[R]:
        """GET pages, each SAFE to repeat. Nothing is sent yet."""
        return self._collection(PageSource(self._client, cls, relation), path, paging or {}, filters)

    def _list_uncounted(
        self, path: str, cls: type[R], relation: str, paging: Paging, **filters: QueryValue
    ) -> Collection[R]:
        """GET pages that no ``page`` object counts, each SAFE to repeat. Nothing is sent yet."""
        return self._collection(PageSource(self._client, cls, relation, counted=False), path, paging, filters)

    def _collection(
        self, source: PageSource[R], path: str, paging: Paging, filters: Mapping[str, QueryValue]
    ) -> Collection[R]:
        url = self._client.at(path, {**filters, **paging_query(paging)})
        return Collection(source, url, paging.get("prefetch", 0))

    async def _get(self, path: str, cls: type[T]) -> T:
        """GET an object: SAFE to repeat."""
        # Of all shapes the one that has to be fast: by way of `_object` it costs two coroutines and 3 dicts more.
        request = Request(method="GET", url=self._client.at(path), repeat=Repeat.SAFE, promised=OK)
        return (await self._client.send(request)).structured(cls)

    async def _array(self, path: str, cls: type[T]) -> list[T]:
        """GET a plain JSON array: SAFE to repeat. Empty where there is nothing (204)."""
        response = await self._send("GET", path, Repeat.SAFE, promised=DONE, accept="application/json")
        return response.structured_list(cls) if response.body else []

    async def _initialise(self, path: str, cls: type[T]) -> T:
        """POST for a draft with a new id. The server stores nothing, so a repeat is harmless: IDEMPOTENT."""
        return await self._object("POST", path, cls, Repeat.IDEMPOTENT, promised=OK_OR_CREATED)

    async def _create(self, path: str, cls: type[T], body: Body) -> T:
        """PUT to the id of a draft (201), or to one that may be there (200).

        A repeat finds the object of the first and changes nothing: IDEMPOTENT.
        """
        return await self._object("PUT", path, cls, Repeat.IDEMPOTENT, body=body, promised=OK_OR_CREATED)

    async def _update(self, path: str, cls: type[T], body: Body) -> T:
        """PUT a whole object that is there: IDEMPOTENT. A 201 is a `ResponseError`: it had gone, and was made anew."""
        return await self._object("PUT", path, cls, Repeat.IDEMPOTENT, body=body)

    async def _edit(self, path: str, cls: type[T], body: Body) -> T:
        """PATCH some members of an object: IDEMPOTENT."""
        return await self._object("PATCH", path, cls, Repeat.IDEMPOTENT, body=body)

    async def _published(self, path: str, cls: type[R], relation: str, **options: Unpack[CallOptions]) -> list[R]:
        """POST several objects, each in the place of the one of its name: IDEMPOTENT. Returns what the server made."""
        response = await self._send("POST", path, Repeat.IDEMPOTENT, **options)
        if not response.body:
            return []
        page = response.promised(read_page(response, cls, relation))
        if page.unreadable:
            fields = response.call.log_fields(response.status)
            what = path_list(page.unreadable)
            _logger.warning("POST %s: not what was promised, and left out: %s", path, what, extra=fields)
        return page.items

    async def _delete(self, path: str) -> None:
        """DELETE: IDEMPOTENT, and a 404 to the repeat of a lost one is success."""
        await self._send("DELETE", path, Repeat.IDEMPOTENT, promised=DONE, done_already=GONE)

    async def _object(self, method: str, path: str, cls: type[T], repeat: Repeat, **options: Unpack[CallOptions]) -> T:
        """Make a call of any shape whose response is an object."""
        return (await self._send(method, path, repeat, **options)).structured(cls)

    async def _send(self, method: str, path: str, repeat: Repeat, **options: Unpack[CallOptions]) -> Response:
        """Make a call of any shape."""
        return await self._client.send(self._request(method, path, repeat, **options))

    def _request(  # noqa: PLR0913  # one keyword for each part of a request
        self,
        method: str,
        path: str,
        repeat: Repeat,
        *,
        promised: frozenset[int] = OK,
        query: Params | None = None,
        **options: Unpack[_RequestOptions],
    ) -> Request:
        """Return a request of any shape. Nothing is sent."""
        url = self._client.at(path, query)
        return Request(method=method, url=url, repeat=repeat, promised=promised, **options)

    async def _changed(self, resource: R, changes: Mapping[str, Any], get: Callable[[R], Awaitable[R]]) -> Body:
        """Return the body that changes a resource: all of it as it was read, with the changes.

        One that does not hold all that the server sent (it comes out of a pickle, or a member could not be read) is
        read again first.

        Args:
            resource: The resource.
            changes: The new values by attribute; the mapping is emptied.
            get: Reads the resource again.

        Raises:
            TypeError: A field does not exist; nothing was sent.
            ResponseError: Even so it is not whole: an update would erase what is missing.
        """
        values = FieldValues(type(resource), changes)
        if not resource.is_complete:
            resource = await get(resource)
            if not resource.is_complete:
                name = type(resource).__name__
                raise ResponseError(f"this {name} cannot be read whole: an update would erase what is missing")
        return values.change(resource)
