"""How much memory this process holds."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

__all__ = ["forget_the_peak", "peak", "resident"]

_STATM = Path("/proc/self/statm")
_CLEAR_REFS = Path("/proc/self/clear_refs")


def resident() -> int:
    """Return the resident bytes now; where the system does not tell, the most there have been."""
    if _STATM.exists():
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def forget_the_peak() -> bool:
    """Let `peak` begin anew; False where the system cannot."""
    try:
        _CLEAR_REFS.write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def peak() -> int:
    """Return the most resident bytes there have been: since the start, or since `forget_the_peak`."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return resident()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
