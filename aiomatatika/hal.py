"""HAL documents: links, their relations, and the base of every resource class. No I/O.

A relation of this API is ``{action} … {relation}`` with any number of actions ("update delete workspace"), and one href
serves them all: the action decides the HTTP method ("Links" page of the API reference). A link's ``type`` is, against
HAL, the method too, where the server gives it.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from datetime import date, time
from enum import Enum
from types import CellType
from typing import Any, Final
from uuid import UUID

import attrs
import msgspec

from aiomatatika.display import name_list, shown
from aiomatatika.errors import LinkError, RelationNotFoundError, ResponseError
from aiomatatika.relations import Relation
from aiomatatika.secret import Secret

__all__ = ["BareLink", "HalLink", "HalResource", "JsonObject", "Link", "Links"]

_HTTP_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


class JsonObject:
    """A read-only JSON object whose members show nowhere: what is unknown may be a secret.

    It is read as a mapping is, but is no `collections.abc.Mapping`: cattrs and others copy those member by member. A
    pickle keeps no member; what comes out of it is not complete.

    Attributes:
        is_complete: Whether it holds all that the server sent.
    """

    # A cell, not the members: jsonpickle and others read whatever stands in an attribute. It weighs a third of what a
    # closure weighs, and is one object for the garbage collector instead of three.
    __slots__ = ("_cell", "is_complete")

    _cell: CellType
    is_complete: bool

    def __init__(self, members: Mapping[str, Any] | None = None, *, is_complete: bool = True) -> None:
        self._cell = CellType({} if members is None else members)
        self.is_complete = is_complete

    def _members(self) -> Mapping[str, Any]:
        members: Mapping[str, Any] = self._cell.cell_contents
        return members

    def __getitem__(self, name: str) -> Any:
        return self._members()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members())

    def __len__(self) -> int:
        return len(self._members())

    def __contains__(self, name: object) -> bool:
        return name in self._members()

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self._members().keys()

    def values(self) -> ValuesView[Any]:
        """Return the values."""
        return self._members().values()

    def items(self) -> ItemsView[str, Any]:
        """Return names and values."""
        return self._members().items()

    def get(self, name: str, default: Any = None) -> Any:
        """Return a member, or the default where there is no such member."""
        return self._members().get(name, default)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, JsonObject | Mapping):
            return NotImplemented
        return dict(self.items()) == dict(other.items())

    def __hash__(self) -> int:
        return hash(frozenset(self.keys()))  # its values need not have a hash; a resource that holds one has

    def __repr__(self) -> str:
        return f"<JsonObject: {len(self)} hidden>"

    def __pretty__(self, fmt: object, **_: object) -> Iterator[str]:
        yield repr(self)  # devtools prints whatever looks like a mapping

    def __reduce__(self) -> tuple[Any, ...]:
        return (_incomplete, ()) if len(self) or not self.is_complete else (JsonObject, ())

    def __copy__(self) -> JsonObject:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> JsonObject:
        return self


def _incomplete() -> JsonObject:
    return JsonObject(is_complete=False)


# Shared, because it cannot change: making two for each item of a page costs 0.5 us.
_NOTHING = JsonObject()


@attrs.frozen(kw_only=True)
class Link:
    """A HAL link.

    Attributes:
        href: The target as the server wrote it; `MatatikaSession.follow` judges it before anything is sent.
        rel: The relation that it was found under.
        method: The HTTP method to use, where one is known.
        templated: Whether ``href`` is a URI template (RFC 6570); none was seen in this API, and none is followed.
        title, name, type: As HAL defines them, except that this API puts the HTTP method in ``type``.
    """

    href: str
    rel: str = "self"
    method: str | None = "GET"
    templated: bool = False
    title: str | None = None
    name: str | None = None
    type: str | None = None


class BareLink(msgspec.Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """A link with an href and nothing else, as nearly all are: an eighth of the memory of a dict."""

    href: str


class HalLink(msgspec.Struct, frozen=True, gc=False):
    """A link with any of the members that HAL gives it; others are left out."""

    href: str
    templated: bool = False
    title: str | None = None
    name: str | None = None
    type: str | None = None


_LINK_MEMBERS: Final = frozenset(HalLink.__struct_fields__)


def _members(raw: Any) -> Any:
    if isinstance(raw, BareLink | HalLink):
        return {name: value for name, value in msgspec.structs.asdict(raw).items() if value not in (None, False)}
    return raw


def _hal_members(raw: Any) -> Any:
    """Return of a link what HAL gives it: what is not known may be a secret."""
    if isinstance(raw, list):
        return [_hal_members(each) for each in raw]
    members = _members(raw)
    return {name: members[name] for name in _LINK_MEMBERS & members.keys()} if isinstance(members, Mapping) else None


def _link(raw: Any, relation: Relation, action: str | None, where: str) -> Link:
    if not isinstance(raw, Mapping):
        raise ResponseError(f"{where}: expected an object")
    if not isinstance(raw.get("href"), str):
        raise ResponseError(f"{where}.href: expected a string")
    texts = {name: raw[name] for name in ("title", "name", "type") if isinstance(raw.get(name), str)}
    declared = texts.get("type", "").upper()
    method = declared if declared in _HTTP_METHODS and len(relation.actions) < 2 else relation.method(action)
    return Link(href=raw["href"], rel=relation.text, method=method, templated=raw.get("templated") is True, **texts)


def _is_there(raw: Any) -> bool:
    return bool(raw) or not (raw is None or isinstance(raw, list | dict))


class Links(Mapping[str, Link]):
    """The links of a resource by relation, parsed on first use.

    ``links["update apikey"]`` is a `Link`; so is ``links["update workspace"]`` where the server wrote
    ``"update delete workspace"``. Iteration gives the relations as the server writes them.

    Raises (on access):
        RelationNotFoundError: The resource has no such link; the message names those that it has.
        LinkError: There are several of that relation; `all` returns them.
        ResponseError: The server's link is malformed.
    """

    __slots__ = ("_raw", "_relations")

    def __init__(self, raw: Mapping[str, Any] | None = None) -> None:
        self._raw: Mapping[str, Any] = {} if raw is None else raw
        self._relations: tuple[Relation, ...] | None = None

    @property
    def relations(self) -> tuple[Relation, ...]:
        """The relations, taken apart."""
        if self._relations is None:
            self._relations = tuple(map(Relation.parse, self))
        return self._relations

    def _find(self, rel: str) -> tuple[Relation, str | None] | None:
        # By its text first: a server can send 20,000 links.
        if _is_there(self._raw.get(rel)):
            return Relation.parse(rel), None
        wanted = Relation.parse(rel)
        for relation in self.relations if wanted.actions else ():
            if relation.target == wanted.target and set(wanted.actions) <= set(relation.actions):
                return relation, wanted.actions[0] if len(wanted.actions) == 1 else None
        return None

    def _get_all(self, relation: Relation, action: str | None) -> tuple[Link, ...]:
        raw = _members(self._raw[relation.text])
        where = f"_links.{shown(relation.text)}"
        if not isinstance(raw, list):
            return (_link(raw, relation, action, where),)
        return tuple(_link(each, relation, action, f"{where}[{index}]") for index, each in enumerate(raw))

    def _get_one(self, relation: Relation, action: str | None) -> Link:
        links = self._get_all(relation, action)
        if len(links) > 1:
            raise LinkError(f"there are {len(links)} links '{shown(relation.text)}': use links.all()")
        return links[0]

    def all(self, rel: str) -> tuple[Link, ...]:
        """Return every link of a relation: HAL allows an array. Empty where there is none."""
        found = self._find(rel)
        return self._get_all(*found) if found else ()

    def hrefs(self) -> dict[str, str | list[str]]:
        """Return the href of each relation; of several, a list."""
        hrefs = {rel: [link.href for link in self.all(rel)] for rel in self}
        return {rel: found[0] if len(found) == 1 else found for rel, found in hrefs.items()}

    def can(self, action: str, target: str | None = None) -> bool:
        """Tell whether the server offers an action, such as ``"update"``, on this resource (or on ``target``)."""
        return any(action in each.actions and target in (None, each.target) for each in self.relations)

    def action(self, action: str, target: str | None = None) -> Link:
        """Return the link of an action, with the HTTP method that the action has.

        Raises:
            RelationNotFoundError: The server does not offer the action here; the message names what it offers.
            LinkError: It offers it on several targets; name one.
        """
        found = [each for each in self.relations if action in each.actions and target in (None, each.target)]
        if not found:
            raise RelationNotFoundError(self._missing(action if target is None else f"{action} {target}"))
        if len(found) > 1:
            raise LinkError(
                f"'{shown(action)}' is offered on {name_list(str(each.target) for each in found)}: name one of them"
            )
        return self._get_one(found[0], action)

    def _missing(self, rel: str) -> str:
        return f"no link '{shown(rel)}'; there are: {name_list(self) or 'none'}"

    def __getitem__(self, rel: str) -> Link:
        found = self._find(rel)
        if not found:
            raise RelationNotFoundError(self._missing(rel))
        return self._get_one(*found)

    def __contains__(self, rel: object) -> bool:
        return isinstance(rel, str) and self._find(rel) is not None

    def __iter__(self) -> Iterator[str]:
        return (text for text, raw in self._raw.items() if _is_there(raw))

    def __len__(self) -> int:
        return sum(map(_is_there, self._raw.values()))

    def __repr__(self) -> str:
        return f"<Links: {name_list(self) or 'none'}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (Links, ({text: _hal_members(raw) for text, raw in self._raw.items()},))


@attrs.frozen(kw_only=True, eq=False, repr=False)
class HalResource:
    """The base of every resource class, and what a resource without a class of its own becomes.

    Resources are equal where they are of one class and their fields are equal. The classes of this package take that
    and the repr from here, for attrs writes a class in half the time where it need not write these. A class of your own
    can be decorated with ``@attrs.frozen(kw_only=True)`` alone.

    Attributes:
        links: The server's links, parsed on first use.
        embedded: The server's ``_embedded``, as it came.
        extra: Members that the class has no field for, kept so that a PUT of the whole object does not erase them.
    """

    links: Links = attrs.field(factory=Links, eq=False, repr=False)
    embedded: JsonObject = attrs.field(default=_NOTHING, eq=False, repr=False)
    extra: JsonObject = attrs.field(default=_NOTHING, hash=False, repr=False)

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        names = [field.name for field in attrs.fields(type(self)) if field.eq]
        return all(getattr(self, name) == getattr(other, name) for name in names)

    def __hash__(self) -> int:
        fields = [field for field in attrs.fields(type(self)) if (field.eq if field.hash is None else field.hash)]
        return hash((type(self), *(getattr(self, field.name) for field in fields)))

    def __repr__(self) -> str:
        shown_fields = [field.name for field in attrs.fields(type(self)) if field.repr]
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown_fields)})"

    @property
    def is_complete(self) -> bool:
        """Whether it holds all that the server sent: a pickle keeps no secret and no unknown member."""
        return all(_is_complete(getattr(self, field.name)) for field in attrs.fields(type(self)))

    def to_dict(self, *, links: bool = False) -> dict[str, Any]:
        """Return the fields as JSON values. Nothing is sent.

        A handler of FastAPI, Starlette or aiohttp returns it as it is; ``json.dumps`` takes it; it is a row for
        ``csv.DictWriter``; and a list of them is what ``pandas.DataFrame`` and ``polars.DataFrame`` are made from::

            rows = [job.to_dict() async for job in session.jobs.list(workspace)]
            frame = pandas.DataFrame(rows)

        Names are those of the attributes; timestamps become ISO 8601 text in UTC, ids text, resources dicts and tuples
        lists. What is or may be a secret is left out: every `Secret`, `extra`, `embedded`, and fields that hold an
        object of any shape.

        Args:
            links: Add ``links``, the href of each relation; of several, a list.
        """
        values = {field.name: getattr(self, field.name) for field in attrs.fields(type(self)) if field.name != "links"}
        row = {name: _to_json(value) for name, value in values.items() if not isinstance(value, Secret | JsonObject)}
        if links:
            row["links"] = self.links.hrefs()
        return row


def _to_json(value: Any) -> Any:
    if isinstance(value, HalResource):
        return value.to_dict()
    if isinstance(value, list | tuple):
        return [_to_json(each) for each in value if not isinstance(each, Secret | JsonObject)]
    if isinstance(value, dict):
        return {name: _to_json(part) for name, part in value.items() if not isinstance(part, Secret | JsonObject)}
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, UUID) else value


def _is_complete(value: Any) -> bool:
    if isinstance(value, HalResource | JsonObject):
        return value.is_complete
    if isinstance(value, Secret):
        return _is_readable(value)
    if isinstance(value, dict):
        return all(map(_is_complete, value.values()))
    return not isinstance(value, list | tuple) or all(map(_is_complete, value))


def _is_readable(secret: Secret) -> bool:
    try:
        secret.reveal()
    except ValueError:  # it came out of a pickle
        return False
    return True
