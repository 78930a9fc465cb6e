"""What a program says to a user whose wish it cannot carry out."""

from __future__ import annotations


class RefusedError(Exception):
    """What the user asked for cannot be done. No request that changes anything was sent."""
