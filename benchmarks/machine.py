"""Where the figures come from: the machine and the versions, as a reader needs them to compare."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Final

__all__ = ["machine", "versions"]

_PACKAGES: Final = (
    *("aiomatatika", "aiohttp", "attrs", "cattrs", "msgspec", "orjson", "yarl", "pydantic", "httpx", "httpx2"),
    *("pyreqwest", "Authlib", "GitHubKit", "openai", "requests"),
)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def machine() -> Iterator[str]:
    """Yield what there is to know of the machine, in a few words each."""
    yield _processor()
    yield f"{os.cpu_count()} CPUs"
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        yield f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"
    yield f"{platform.system()} {platform.release()}"
    yield f"{platform.python_implementation()} {platform.python_version()}"
    if hasattr(os, "getloadavg"):
        yield f"load {os.getloadavg()[0]:.1f} at the start"


def versions() -> Iterator[str]:
    """Yield each package that takes part, with its version."""
    for package in _PACKAGES:
        yield f"{package} {version(package)}"
