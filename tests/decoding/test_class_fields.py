"""Classes of the user's own: they work as annotated, or it is said of the class, before anything is read."""

from __future__ import annotations

import dataclasses
import decimal
import enum
import pathlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import attrs
import pytest

from aiomatatika import HalResource, Links, Secret
from aiomatatika.decoding.converter import (
    Read,
    check_class,
    converter,
    learn_page,
    structure,
    structure_list,
    structure_page,
)
from aiomatatika.decoding.json_text import Mismatch
from aiomatatika.enums import OpenEnum
from aiomatatika.hal import JsonObject

if TYPE_CHECKING:
    from fractions import Fraction

CANARY = "canary-7f3a"


class Plain(enum.Enum):
    ONE = 1
    WORD = "word"


class Number(enum.IntEnum):
    ZERO = 0
    ONE = 1


class Text(enum.StrEnum):
    READY = "READY"


class Open(OpenEnum):
    READY = "READY"


class Name(str):
    __slots__ = ()


class Count(int):
    pass


class Price:
    def __init__(self, amount: str) -> None:
        self.amount = amount


def class_with(kind: Any) -> Any:
    return attrs.make_class(
        "Users", {"value": attrs.field(type=kind, default=None)}, bases=(HalResource,), frozen=True, kw_only=True
    )


@pytest.mark.parametrize(
    "kind, value, expected",
    [
        (tuple[tuple[int, ...], ...], [[1], [2, 3]], ((1,), (2, 3))),
        (Plain, 1, Plain.ONE),
        (Plain, "word", Plain.WORD),
        (Number, 0, Number.ZERO),
        (Number | None, 1, Number.ONE),
        (Text, "READY", Text.READY),
        (Open, "ready", Open.READY),
        (Open, "new", Open("new")),
        (Name, "a", Name("a")),
        (list, [1, "a"], [1, "a"]),
        (list[Text], ["READY"], [Text.READY]),
        (tuple[Number, ...], [1], (Number.ONE,)),
        (Sequence[str], ["a"], ("a",)),
        (set[str], ["a", "a"], {"a"}),
        (frozenset[int], [1], frozenset({1})),
        (dict, {"a": [1]}, {"a": [1]}),
        (dict[str, int | None], {"a": 1, "b": None}, {"a": 1, "b": None}),
        (Mapping[str, Any], {"a": [1]}, {"a": [1]}),
        (list[list[Number]], [[1], []], [[Number.ONE], []]),
        (dict[str, tuple[str, ...]], {"a": ["b"]}, {"a": ("b",)}),
        (Any, {"a": 1}, {"a": 1}),
    ],
)
def test_a_field_holds_what_its_annotation_says(kind: Any, value: Any, expected: Any) -> None:
    cls = class_with(kind)
    check_class(cls)
    found = structure({"value": value}, cls)
    assert isinstance(found, Read)
    assert (found.content.value, found.unreadable) == (expected, ())
    assert type(found.content.value) is type(expected)


@pytest.mark.parametrize(
    "kind, value, expected",
    [
        (Plain, 2, "a value of Plain"),
        (Plain, True, "a string or a whole number"),
        (Plain, [], "a string or a whole number"),
        (Number, True, "a whole number"),
        (Number, "1", "a whole number"),
        (Text, "UNHEARD_OF", "a value of Text"),
        (Text, 5, "a string"),
        (Open, 5, "a string"),
        *((Name, 5, "a string"), (Secret, 5, "a string"), (Links, 5, "an object"), (UUID, 5, "a UUID")),
        (set[str], CANARY, "an array"),
        (list, CANARY, "an array"),
        (dict, CANARY, "an object"),
        (Mapping[str, int], {"a": CANARY}, "a whole number"),
        (list[list[int]], [[1], ["x"]], "a whole number"),
        (list[dict[str, int]], [{}, 5], "an object"),
    ],
)
def test_what_an_annotation_does_not_allow_is_left_out_and_named(kind: Any, value: Any, expected: str) -> None:
    cls, required = class_with(kind), attrs.make_class("Users", {"value": attrs.field(type=kind)})
    found = structure({"value": value}, cls)
    assert isinstance(found, Read)
    assert (found.content.value, found.content.extra) == (None, {"value": value})
    assert len(found.unreadable) == 1
    mismatch: Any = structure({"value": value}, required)
    assert isinstance(mismatch, Mismatch)
    assert mismatch.text.startswith("value")
    assert mismatch.text.endswith(f": expected {expected}")


@attrs.frozen(kw_only=True)
class OnlyForCheckers(HalResource):
    id: UUID
    share: Fraction | None = None


class Undecorated(HalResource):
    name: str | None = None


@dataclasses.dataclass(frozen=True)
class OtherDecorator(HalResource):
    name: str | None = None


@attrs.frozen(kw_only=True, init=False)
class OtherInit(HalResource):
    name: str | None = None

    def __init__(self, title: str) -> None:
        self.__attrs_init__(name=title)


@attrs.frozen(kw_only=True)
class Outer(HalResource):
    inners: tuple[Undecorated, ...] = ()


@attrs.frozen(kw_only=True)
class Untyped(HalResource):  # type: ignore[no-untyped-def]  # as below
    name = attrs.field(default=None)  # type: ignore[var-annotated]  # that is the question


@pytest.mark.parametrize(
    "cls, words",
    [
        (OnlyForCheckers, ["OnlyForCheckers.share", "'Fraction'", "if TYPE_CHECKING"]),
        (Undecorated, ["Undecorated.name", "@attrs.frozen"]),
        (OtherDecorator, ["OtherDecorator.name", "@attrs.frozen"]),
        (OtherInit, ["OtherInit.", "__init__ does not take"]),
        (Outer, ["Undecorated.name"]),
        (Untyped, ["Untyped.name has no type"]),
        *(
            (class_with(kind), ["Users.value", "JSON is not read into"])
            for kind in (
                *(decimal.Decimal, bytes, pathlib.Path, complex, int | str, bytes | int | None, Price, Count),
                *(Undecorated | OtherDecorator, list[bytes], dict[str, tuple[complex | None, ...]]),
            )
        ),
        *((kind, ["a class made by attrs", "HalResource"]) for kind in (dict, str, Text, Price, list[HalResource], 5)),
    ],
)
def test_a_class_that_cannot_be_made_is_said_to_be_so(cls: Any, words: list[str]) -> None:
    uses: list[Callable[[], object]] = [
        lambda: check_class(cls),
        lambda: structure({"name": "a"}, cls),
        lambda: structure_list([{}], cls, "x"),
    ]
    for use in uses:
        with pytest.raises(TypeError) as caught:
            use()
        assert [word for word in words if word not in str(caught.value)] == []


class WithMethods(OnlyForCheckers.__base__):  # type: ignore[misc, name-defined]
    """Undecorated, with nothing to decorate."""

    kinds: ClassVar[int] = 1

    def hello(self) -> str:
        return "hello"


class Slotted(HalResource):
    """With an ``__init__`` of its own, that attrs did not make."""

    __slots__ = ("is_made",)

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        object.__setattr__(self, "is_made", True)


@attrs.frozen(kw_only=True, init=False)
class WithAttrsInit(HalResource):
    """With an ``__init__`` of its own, beside the one that attrs made under another name."""

    made: ClassVar[list[str]] = []

    def __init__(self, **fields: Any) -> None:
        self.made.append("init")
        self.__attrs_init__(**fields)


def upper(text: str) -> str:
    return text.upper()


@attrs.frozen(kw_only=True)
class Checked(HalResource):
    number: int = attrs.field(validator=attrs.validators.ge(2))
    _private: str = attrs.field(default="a", converter=upper)
    made: int = attrs.field(init=False, default=7)


class NewStyle(HalResource):
    __slots__ = ()
    made: ClassVar[list[str]] = []

    def __new__(cls, **_: Any) -> Any:
        cls.made.append("new")
        return super().__new__(cls)


@attrs.frozen(kw_only=True)
class WithPreInit(HalResource):
    made: ClassVar[list[str]] = []

    def __attrs_pre_init__(self) -> None:
        self.made.append("pre")


class Registered(HalResource):
    """Notes its subclasses."""

    __slots__ = ()
    subclasses: ClassVar[list[type]] = []

    def __init_subclass__(cls) -> None:
        cls.subclasses.append(cls)


def test_a_class_that_notes_its_subclasses_does_not_see_one_of_ours() -> None:
    found = structure({"other": 1}, Registered)
    assert isinstance(found, Read)
    assert found.content == Registered(extra=JsonObject({"other": 1}))
    assert Registered.subclasses == []


def test_a_class_of_its_own_making_is_made_through_its_init() -> None:
    cls: Any
    for cls in (Slotted, WithMethods, NewStyle, WithPreInit, WithAttrsInit):
        made = getattr(cls, "made", [])
        made.clear()
        found = structure({"other": 1}, cls)
        assert len(made) == (cls in {NewStyle, WithPreInit, WithAttrsInit})
        assert isinstance(found, Read)
        assert (type(found.content), found.content.extra) == (cls, {"other": 1})
        assert getattr(found.content, "is_made", True)


def test_validators_and_converters_run() -> None:
    found = structure_list([{"number": 2, "Private": "b", "made": 1}, {"number": 3}], Checked, "")
    assert isinstance(found, Read)
    assert [(each.number, each._private, each.made) for each in found.content] == [(2, "B", 7), (3, "A", 7)]
    assert structure({"number": 1}, Checked) == Mismatch("body: refused by the class Checked")
    assert structure_list([{"number": 1}], Checked, "x") == Mismatch("x[0]: refused by the class Checked")


def test_a_class_without_extra_ignores_unknown_members() -> None:
    cls = attrs.make_class("Small", {"name": attrs.field(type=str)})
    assert structure({"name": "a", "other": CANARY}, cls) == Read(cls("a"))


def test_a_users_own_hook_is_used_for_fields_and_classes() -> None:
    own = converter.copy()

    class Hooked(Price):
        """Of this run of the test alone: the converter keeps its hooks."""

    converter.register_structure_hook(Hooked, lambda value, kind: kind(value["amount"]))
    cls = class_with(Hooked)
    check_class(cls)
    found = structure({"value": {"amount": "1"}}, cls)
    assert isinstance(found, Read)
    assert found.content.value.amount == "1"
    broken = structure({"value": {"cost": CANARY}}, cls)
    assert isinstance(broken, Read)
    assert (broken.content.value, broken.unreadable) == (None, ("value",))
    other = class_with(str)
    own.register_structure_hook(other, lambda value, kind: kind(value=value["v"]))
    assert own.structure({"v": "a"}, other) == other(value="a")
    converter.register_structure_hook(other, lambda value, kind: kind(value=value["v"]))
    assert structure_list([{"v": "a"}], other, "x") == Read([other(value="a")])
    assert structure_list([{"v": "a"}, {"w": CANARY}], other, "x") == Mismatch("x[1]: expected another type")
    learn_page([{"v": "a"}], other)
    assert structure_page(b'{"_embedded":{"x":[{"v":"a"}]}}', other, "x") is None


def test_the_converter_reads_arrays_and_leaves_out_what_can_be_left_out() -> None:
    cls = class_with(int)
    array: Any = list.__class_getitem__(cls)
    table: Any = dict.__class_getitem__((str, cls))
    assert [each.value for each in converter.structure([{"value": 1}, {"value": "x"}], array)] == [1, None]
    assert converter.structure({"a": {"value": "x"}}, table)["a"].extra == {"value": "x"}
    assert converter.structure("READY", Text) is Text.READY
    assert converter.structure({"a": 1}, JsonObject) == {"a": 1}
    assert (converter.structure(1, int), converter.structure(1, float)) == (1, 1.0)
    with pytest.raises(TypeError, match="JSON is not read into"):
        converter.structure("a", bytes)
    with pytest.raises(TypeError, match=r"^Users\.value: JSON is not read into bytes$"):
        check_class(class_with(bytes))


@pytest.mark.parametrize(
    "kind, text",
    [
        *((str, "a string"), (bool, "true or false"), (int, "a whole number"), (float, "a number")),
        *((UUID, "a UUID"), (datetime, "a timestamp"), (Secret, "a string"), (Name, "a string")),
        *((JsonObject, "an object"), (Links, "an object"), (HalResource, "an object"), (dict[str, int], "an object")),
        *((Open, "a string"), (Plain, "a string or a whole number"), (Number, "a whole number")),
    ],
    ids=str,
)
def test_an_error_says_what_was_expected(kind: Any, text: str) -> None:
    required = {"value": attrs.field(type=kind)}
    cls: Any = attrs.make_class("Users", required, bases=(HalResource,), frozen=True, kw_only=True)
    for value in ([CANARY], *([] if "string" in text else [CANARY])):
        assert structure({"value": value}, cls) == Mismatch(f"value: expected {text}")
    array: Any = attrs.make_class("Users", {"value": attrs.field(type=list[kind])}, bases=(HalResource,), kw_only=True)
    assert structure({"value": {"a": CANARY}}, array) == Mismatch("value: expected an array")


def test_what_is_like_an_object_is_no_json_object() -> None:
    assert structure(MappingProxyType({"value": 1}), HalResource) == Mismatch("body: expected an object")


def test_arrays_in_arrays_are_read_by_the_converter_too() -> None:
    assert converter.structure([[1], [2, 3]], tuple[tuple[int, ...], ...]) == ((1,), (2, 3))
