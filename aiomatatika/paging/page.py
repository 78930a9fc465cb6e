"""One page of a collection, taken out of its HAL document. No I/O.

The raw document stays inside `read_page`: what fits becomes items, what does not becomes a `Mismatch`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Generic, TypeVar

import attrs
import msgspec
from yarl import URL

from aiomatatika.decoding.converter import Read, learn_page, structure_list, structure_page
from aiomatatika.decoding.json_text import Mismatch, decode_page, has_too_many_values, wire_name
from aiomatatika.display import shown
from aiomatatika.transport.message import Response

__all__ = ["Page", "PageDocument", "read_page"]

T = TypeVar("T")

_COUNTS = {name: wire_name(name) for name in ("number", "size", "total_elements", "total_pages")}
_usual_counts = itemgetter(*_COUNTS.values())
_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)

_MAX_COUNT = 10**15

_NO_CONTENT = 204
_MAX_ITEMS = 50_000
# So many are read anew in a form that has just been learned: it takes less time than without, and an eighth of the
# memory for their links.
_MANY_ITEMS = 200
# The size of a page that was asked for without one, and the size that Spring silently cuts larger ones to.
_USUAL_SIZE = 20
_LARGEST_SIZE = 2_000
# An object with no other members than these can be an empty collection.
_PAGE_MEMBERS = frozenset({"_embedded", "_links", "page"})


@attrs.frozen(kw_only=True)
class Page(Generic[T]):
    """One page of a collection.

    Attributes:
        items: The resources, without those that an earlier page of the same walk held.
        number: Its number, from 0; None where the server does not say.
        size: Items on a full page; None as above.
        total_elements: Items in all; None as above.
        total_pages: Pages in all; None as above.
        next_url: Where the walk goes on (`Collection.at`); None on the last page.
    """

    items: list[T]
    number: int | None = None
    size: int | None = None
    total_elements: int | None = None
    total_pages: int | None = None
    next_url: str | None = None


class PageDocument(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A page as its document says it.

    Attributes:
        url: The URL that answered.
        items: All its items.
        next_hrefs: The targets of its ``next``: none, one, or more than a walk can follow.
        next_is_template: Whether its ``next`` is said to be a URI template.
        number, size, total_elements, total_pages: Its ``page`` object.
        unreadable: The paths of the optional members that could not be read. They have their defaults, and stay in the
            item's ``extra``.
    """

    url: URL
    items: list[T]
    next_hrefs: tuple[str, ...] = ()
    next_is_template: bool = False
    number: int | None = None
    size: int | None = None
    total_elements: int | None = None
    total_pages: int | None = None
    unreadable: tuple[str, ...] = ()

    @property
    def number_or_asked(self) -> int:
        """The page's number; where the server does not say, the one that was asked for."""
        if self.number is not None:
            return self.number
        asked = self.url.query.get("page", "")
        return int(asked) if _NUMBER.fullmatch(asked) else 0

    @property
    def is_full(self) -> bool:
        """Whether it holds exactly as many items as a page has where more follow."""
        asked = self.url.query.get("size", "")
        return len(self.items) == min(int(asked) if _NUMBER.fullmatch(asked) else _USUAL_SIZE, _LARGEST_SIZE)

    @property
    def page_count(self) -> int | None:
        """How many pages there are, as far as the ``page`` object tells."""
        if self.total_pages is not None or self.total_elements is None or not self.size:
            return self.total_pages
        return -(-self.total_elements // self.size)


def _count(value: Any, where: str) -> int | Mismatch | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_COUNT):
        return value
    return Mismatch(f"{where}: expected a whole number")


def _counts(page: Any) -> dict[str, Any] | Mismatch:
    """Read the ``page`` object, as far as it is there."""
    try:
        values = _usual_counts(page)
    except (LookupError, TypeError):
        return _other_counts(page)
    number, size, elements, pages = map(type, values)
    if number is size is elements is pages is int and min(values) >= 0 and max(values) < _MAX_COUNT:
        return dict(zip(_COUNTS, values, strict=True))
    return _other_counts(page)


def _other_counts(page: Any) -> dict[str, Any] | Mismatch:
    if page is not None and not isinstance(page, dict):
        return Mismatch("page: expected an object")
    counts = {}
    for attribute, name in _COUNTS.items():
        value = _count((page or {}).get(name), f"page.{name}")
        if isinstance(value, Mismatch):
            return value
        counts[attribute] = value
    return counts


def _next_hrefs(links: object) -> tuple[str, ...] | Mismatch:
    if links in (None, []):
        return ()
    if not isinstance(links, dict):
        return Mismatch("_links: expected an object")
    raw = links.get("next")
    if raw in (None, [], {}):
        return ()
    hrefs = []
    for each in raw if isinstance(raw, list) else [raw]:
        if not isinstance(each, dict) or not isinstance(each.get("href"), str):
            return Mismatch("_links.next.href: expected a string")
        hrefs.append(each["href"])
    return tuple(hrefs)


def _is_template(following: Any) -> bool:
    return any(each.get("templated") is True for each in (following if isinstance(following, list) else [following]))


def _raw_items(document: Mapping[str, Any], relation: str) -> tuple[list[Any], str] | Mismatch:
    """Find the items: under the relation's name, or under the only name that there is."""
    embedded = document.get("_embedded") or {}
    if not isinstance(embedded, dict):
        return Mismatch("_embedded: expected an object")
    if relation not in embedded:
        # A health check, an error object or a resource with status 200 is not "no items".
        if not (document.keys() <= _PAGE_MEMBERS or isinstance(document.get("page"), dict)):
            return Mismatch(f"body: expected a collection of {relation}")
        if len(embedded) > 1:
            return Mismatch(f"_embedded: expected {relation}")
        relation = next(iter(embedded), relation)
    items = embedded.get(relation)
    if items is None:
        return [], relation
    return (items if isinstance(items, list) else [items]), shown(relation)


def read_page(response: Response, cls: type[T], relation: str) -> PageDocument[T] | Mismatch:
    """Read the response to a page's GET, or say why it is not a page. Search answers 204 when there is nothing.

    Args:
        response: The response.
        cls: The class of the items.
        relation: The name that the items have in ``_embedded``.
    """
    if response.status == _NO_CONTENT:
        return PageDocument(url=response.url, items=[])
    page = _usual_page(response, cls, relation)
    if page is not None:
        return page
    document = decode_page(response.body, response.headers)
    if not isinstance(document, dict):
        return document if isinstance(document, Mismatch) else Mismatch("body: expected an object")
    found = _raw_items(document, relation)
    if isinstance(found, Mismatch):
        return found
    rows, path = found
    if len(rows) > _MAX_ITEMS:
        return Mismatch(f"{path}: expected at most {_MAX_ITEMS:,} items")
    learn_page(rows, cls)
    page = _usual_page(response, cls, relation) if len(rows) >= _MANY_ITEMS else None
    if page is not None:
        return page
    read = structure_list(rows, cls, path)
    return read if isinstance(read, Mismatch) else _page(response, document.get("page"), document.get("_links"), read)


def _usual_page(response: Response, cls: type[T], relation: str) -> PageDocument[T] | Mismatch | None:
    """Read a page of the form that pages of the class have had; None where it has another one."""
    body = response.body
    usual = None if has_too_many_values(body) else structure_page(body, cls, relation)
    if usual is None or len(usual[1].rows) > _MAX_ITEMS:
        return None
    items, decoded = usual
    return _page(response, decoded.page, decoded.links, items)


def _page(response: Response, page: Any, links: Any, items: Read[list[T]]) -> PageDocument[T] | Mismatch:
    counts = _counts(page)
    if isinstance(counts, Mismatch):
        return counts
    hrefs = _next_hrefs(links)
    if isinstance(hrefs, Mismatch):
        return hrefs
    return PageDocument(
        url=response.url,
        items=items.content,
        next_hrefs=hrefs,
        next_is_template=bool(hrefs) and _is_template(links["next"]),
        unreadable=items.unreadable,
        **counts,
    )
