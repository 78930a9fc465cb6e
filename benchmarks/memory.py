"""How much memory this process holds."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

__all__ = ["resident"]

_STATM = Path("/proc/self/statm")


def resident() -> int:
    """Return the resident bytes now; where the system does not tell, the most there have been."""
    if _STATM.exists():
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
