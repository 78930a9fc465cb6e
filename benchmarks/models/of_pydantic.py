"""Pydantic models, read by pydantic's own JSON parser."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from benchmarks.models.fields import CLASSES, Link, PageNumbers, default_of, hints_of, member_of, replaced

__all__ = ["model", "page_model"]


class _Frozen(BaseModel):
    """The base of the models."""

    model_config = ConfigDict(frozen=True)


@cache
def _model(cls: Any, base: type[BaseModel]) -> Any:
    fields: dict[str, Any] = {
        name: (
            replaced(kind, lambda inner: _model(inner, base)),
            Field(default_of(cls, name, ...), alias=member_of(name)),
        )
        for name, kind in hints_of(cls).items()
    }
    return create_model(cls.__name__, __base__=base, **fields)


def model(name: str, base: type[BaseModel] = _Frozen) -> Any:
    """Make a model of a class, and of those in its fields."""
    return _model(CLASSES[name], base)


def page_model(name: str, relation: str, base: type[BaseModel] = _Frozen) -> Any:
    """Make a model of a page of a class, and of its items."""
    items: Any = (list[model(name, base)], ...)  # type: ignore[misc]  # made at run time
    members: dict[str, Any] = {
        "embedded": (create_model("Embedded", __base__=base, **{relation: items}), Field(alias="_embedded")),
        "links": (dict[str, _model(Link, base)], Field(alias="_links")),  # type: ignore[misc]  # made at run time
        "page": (_model(PageNumbers, base), ...),
    }
    return create_model("Page", __base__=base, **members)
