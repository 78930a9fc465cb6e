"""What resource groups are made of: a method for each shape that operations of this API have.

A group's own methods say what is theirs: path, class, fields. How often a lost request may be repeated, which statuses
are success, what a draft is and how a collection is asked for stands here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeAlias, TypedDict, TypeVar, get_type_hints
from uuid import UUID

from aiomatatika.decoding.request_bodies import json_body
from aiomatatika.errors import InvalidArgumentError
from aiomatatika.hal import HalResource
from aiomatatika.paging.collection import Collection, PageSource, check_count
from aiomatatika.transport.client import Client
from aiomatatika.transport.message import GONE, Request
from aiomatatika.transport.query import QueryValue
from aiomatatika.transport.repeat import Repeat
from aiomatatika.transport.urls import path_segment, uuid_of

__all__ = ["Group", "Paging", "Ref", "id_of"]

T = TypeVar("T")
R = TypeVar("R", bound=HalResource)

Ref: TypeAlias = R | UUID | str
"""A resource, its id, or the id's text."""

_OK: Final = frozenset({200})
_OK_OR_CREATED: Final = frozenset({200, 201})
_OK_OR_NO_CONTENT: Final = frozenset({200, 204})
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


def _paging_query(paging: Paging) -> dict[str, str | list[str]]:
    unknown = paging.keys() - Paging.__annotations__.keys()
    if unknown:
        raise TypeError(f"list() takes {', '.join(Paging.__annotations__)}, not {', '.join(sorted(unknown))}")
    size, page, sort = paging.get("size"), paging.get("page"), paging.get("sort")
    if size is not None:
        check_count(size, "size", least=1, most=_MAX_SIZE)
    if page is not None:
        check_count(page, "page")
    query: dict[str, str | list[str]] = {
        name: str(value) for name, value in (("page", page), ("size", size)) if value is not None
    }
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
    given: Any = ref
    kind: Any = cls
    if isinstance(ref, HalResource):
        if not isinstance(ref, cls):
            raise InvalidArgumentError(f"expected {cls.__name__} or its id, not {type(ref).__name__}")
        given = getattr(ref, "id", None)
    what = f"the id of {cls.__name__}"
    return str(uuid_of(given, what)) if _has_uuid(kind) else path_segment(given, what)


class Group:
    """The calls on one kind of resource. A session hands it out."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def _list(
        self, path: str, cls: type[R], relation: str, paging: Paging | None = None, **filters: QueryValue
    ) -> Collection[R]:
        """GET pages, each SAFE to repeat. Nothing is sent yet."""
        paging = paging or {}
        url = self._client.at(path, {**filters, **_paging_query(paging)})
        return Collection(PageSource(self._client, cls, relation), url, paging.get("prefetch", 0))

    async def _get(self, path: str, cls: type[T]) -> T:
        """GET an object: SAFE to repeat."""
        request = Request(method="GET", url=self._client.at(path), repeat=Repeat.SAFE, promised=_OK)
        return await self._object(request, cls)

    async def _initialise(self, path: str, cls: type[T]) -> T:
        """POST for a draft with a new id. The server stores nothing, so a repeat is harmless: IDEMPOTENT."""
        request = Request(method="POST", url=self._client.at(path), repeat=Repeat.IDEMPOTENT, promised=_OK_OR_CREATED)
        return await self._object(request, cls)

    async def _object(self, request: Request, cls: type[T]) -> T:
        """Make a call of any shape whose response is an object."""
        return (await self._client.send(request)).structured(cls)

    async def _create(self, path: str, cls: type[T], fields: Mapping[str, Any]) -> T:
        """PUT to the id of a draft. A repeat finds the object of the first and changes nothing: IDEMPOTENT."""
        return await self._put(path, cls, fields, _OK_OR_CREATED)

    async def _update(self, path: str, cls: type[T], document: Mapping[str, Any]) -> T:
        """PUT a whole object with some of its fields changed: IDEMPOTENT."""
        return await self._put(path, cls, document, _OK)

    async def _put(self, path: str, cls: type[T], document: Mapping[str, Any], promised: frozenset[int]) -> T:
        url = self._client.at(path)
        request = Request(method="PUT", url=url, repeat=Repeat.IDEMPOTENT, body=json_body(document), promised=promised)
        return await self._object(request, cls)

    async def _delete(self, path: str) -> None:
        """DELETE: IDEMPOTENT, and a 404 to the repeat of a lost one is success."""
        await self._client.send(
            Request(
                method="DELETE",
                url=self._client.at(path),
                repeat=Repeat.IDEMPOTENT,
                promised=_OK_OR_NO_CONTENT,
                done_already=GONE,
            )
        )
