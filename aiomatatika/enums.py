"""Enumerations that the server may extend. No I/O."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self

__all__ = ["OpenEnum"]


class OpenEnum(StrEnum):
    """A set of values that grows: a value that this version does not know stays as the server wrote it.

    ``JobStatus("RUNNING")`` and ``JobStatus("running")`` are both `JobStatus.RUNNING`: the API writes some of its
    values in both cases. ``JobStatus("PAUSED")`` equals its text, and its `is_known` is False.
    """

    @property
    def is_known(self) -> bool:
        """Whether this version of the library knows the value."""
        return type(self).__members__.get(self.name) is self

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        folded = value.casefold()
        for member in cls:
            if folded in {member.value.casefold(), member.name.casefold()}:
                return member
        # Not remembered: a server that invents values without end must not fill the memory.
        unknown = str.__new__(cls, value)
        unknown._name_ = unknown._value_ = value
        return unknown

    def __repr__(self) -> str:
        return super().__repr__() if self.is_known else f"<{type(self).__name__}: {self.value!r}>"

    def __hash__(self) -> int:
        return str.__hash__(self)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return (type(self), (self.value,))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self
