"""The API's objects as pydantic models, for the variants that use them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

__all__ = ["Key", "KeysPage"]


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True)


class Link(_Model):
    """A HAL link."""

    href: str


class Key(_Model):
    """An API key."""

    id: UUID
    created: datetime
    last_modified: datetime
    name: str
    client_id: str
    profile_id: str
    links: dict[str, Link] = Field(alias="_links")


class Embedded(_Model):
    """The items of a page."""

    apikeys: list[Key]


class Numbers(_Model):
    """The ``page`` object."""

    size: int
    total_elements: int
    total_pages: int
    number: int


class KeysPage(_Model):
    """A page of keys."""

    embedded: Embedded = Field(alias="_embedded")
    links: dict[str, Link] = Field(alias="_links")
    page: Numbers
