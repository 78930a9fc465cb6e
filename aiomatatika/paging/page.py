"""One page of a collection, taken out of its HAL document. No I/O.

The raw document stays inside `read_page`: what fits becomes items, what does not becomes a `Mismatch`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import attrs
import msgspec
from yarl import URL

from aiomatatika.decoding.json_text import Mismatch, decode_json, wire_name
from aiomatatika.decoding.promised import exact_page

__all__ = ["Page", "PageDocument", "read_document", "read_page"]

T = TypeVar("T")

_COUNTS = {name: wire_name(name) for name in ("number", "size", "total_elements", "total_pages")}
_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)

_NO_CONTENT = 204
# The server's own name for the items stands in messages.
_LONGEST_NAME = 60


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
    """

    url: URL
    items: list[T]
    next_hrefs: tuple[str, ...] = ()
    next_is_template: bool = False
    number: int | None = None
    size: int | None = None
    total_elements: int | None = None
    total_pages: int | None = None

    @property
    def number_or_asked(self) -> int:
        """The page's number; where the server does not say, the one that was asked for."""
        if self.number is not None:
            return self.number
        asked = self.url.query.get("page", "")
        return int(asked) if _NUMBER.fullmatch(asked) else 0

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
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**15):
        return value
    return Mismatch(f"{where}: expected a whole number")


def _counts(page: object) -> dict[str, Any] | Mismatch:
    """Read the ``page`` object, as far as it is there."""
    if page is not None and not isinstance(page, dict):
        return Mismatch("page: expected an object")
    counts: dict[str, Any] = {}
    for attribute, name in _COUNTS.items():
        count = _count((page or {}).get(name), f"page.{name}")
        if isinstance(count, Mismatch):
            return count
        counts[attribute] = count
    return counts


def _next_hrefs(document: Mapping[str, Any]) -> tuple[str, ...] | Mismatch:
    links = document.get("_links")
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


def _next_is_template(document: Mapping[str, Any]) -> bool:
    following = (document.get("_links") or {}).get("next") or []
    return any(each.get("templated") is True for each in (following if isinstance(following, list) else [following]))


def _is_collection(document: Mapping[str, Any]) -> bool:
    """Tell a collection from a resource, an error or a status: it has no members of its own."""
    return all(name == "page" or name.startswith("_") for name in document)


def _raw_items(document: Mapping[str, Any], relation: str) -> tuple[list[Any], str] | Mismatch:
    """Find the items: under the relation's name, or under the only name that there is."""
    embedded = document.get("_embedded")
    if embedded in (None, [], {}):
        return ([], relation) if _is_collection(document) else Mismatch(f"_embedded: expected {relation}")
    if not isinstance(embedded, dict):
        return Mismatch("_embedded: expected an object")
    if relation not in embedded:
        if len(embedded) > 1 or not _is_collection(document):
            return Mismatch(f"_embedded: expected {relation}")
        relation = next(iter(embedded))
    items = embedded[relation]
    relation = relation[:_LONGEST_NAME]
    if items is None:
        return [], relation
    return (items if isinstance(items, list) else [items]), relation


def read_page(
    url: URL, status: int, body: bytes, content_type: str, cls: type[T], relation: str
) -> PageDocument[T] | Mismatch:
    """Read the answer to a page's GET. Search answers 204 when there is nothing."""
    if status == _NO_CONTENT:
        return PageDocument(url=url, items=[])
    exact = exact_page(body, cls, relation)
    if exact is not None:
        counts = _counts(exact.counts)
        if not isinstance(counts, Mismatch):
            following = exact.links.get("next")
            hrefs = (following.href,) if following else ()
            return PageDocument(url=url, items=exact.items, next_hrefs=hrefs, **counts)
    return read_document(url, body, content_type, cls, relation)


def read_document(url: URL, body: bytes, content_type: str, cls: type[T], relation: str) -> PageDocument[T] | Mismatch:
    """Read a page of any form, or say why it is none."""
    from aiomatatika.decoding.converter import structure_list

    document = decode_json(body, content_type)
    if isinstance(document, Mismatch):
        return document
    if not isinstance(document, dict):
        return Mismatch("body: expected an object")
    counts = _counts(document.get("page"))
    if isinstance(counts, Mismatch):
        return counts
    hrefs = _next_hrefs(document)
    if isinstance(hrefs, Mismatch):
        return hrefs
    found = _raw_items(document, relation)
    items = found if isinstance(found, Mismatch) else structure_list(found[0], cls, found[1])
    if isinstance(items, Mismatch):
        return items
    return PageDocument(url=url, items=items, next_hrefs=hrefs, next_is_template=_next_is_template(document), **counts)
