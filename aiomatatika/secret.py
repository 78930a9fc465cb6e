"""A string that does not show itself."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import final

__all__ = ["Secret"]


@final
class Secret:
    """A password-like string: opaque wherever it goes, readable only through `reveal`.

    ``str``, ``repr``, ``format`` and ``%s`` show ``Secret(hidden)``, never a character of the value nor its length.
    ``attrs.asdict`` and ``cattrs.unstructure`` keep the object as it is, JSON encoders refuse it, and serialisers that
    walk attributes find none. Pickling keeps the type and drops the value, so that an object that holds a secret can
    still be sent to another process; copying in the same process keeps both. Comparison with another `Secret` takes the
    same time wherever the two differ; the hash says nothing about the value.

    Args:
        value: The text to hide. An existing `Secret` is accepted and shares its value.
    """

    # A closure, not the text: whoever walks the slots of an object finds a function.
    __slots__ = ("__reveal",)

    __reveal: Callable[[], str]  # absent after a pickle

    def __init__(self, value: str | Secret) -> None:
        if isinstance(value, Secret):
            value = value.reveal()
        if not isinstance(value, str):
            del value  # whatever it is can still be a secret, and a frame shows its locals
            raise TypeError("a Secret is made from a str")
        text = value
        self.__reveal = lambda: text

    def reveal(self) -> str:
        """Return the value in clear text; nothing is sent.

        Raises:
            ValueError: The secret went through a pickle, which keeps no value.
        """
        try:
            reveal = self.__reveal
        except AttributeError:
            raise ValueError("this Secret was pickled, and a pickle does not carry the value") from None
        return reveal()

    def __repr__(self) -> str:
        return "Secret(hidden)"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        try:
            mine, theirs = self.__reveal, other.__reveal
        except AttributeError:
            return self is other
        return hmac.compare_digest(mine().encode("utf-8", "surrogatepass"), theirs().encode("utf-8", "surrogatepass"))

    def __hash__(self) -> int:
        # Equal secrets need equal hashes, and a hash of the value would leak it: so all secrets share one.
        return hash(Secret)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Secret:
        return self

    def __getstate__(self) -> None:
        return None
