"""The programs that the tests need. `python -m tests.peers.parts` installs what is missing, and says so."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.node_package import NodePackage

__all__ = ["HERE", "NODE_MODULES", "PATH", "require"]

HERE = Path(__file__).parent
PATH = f"{os.environ['PATH']}:/usr/sbin"  # where Debian has servers, for root alone
PROVIDER = NodePackage(HERE)
NODE_MODULES = PROVIDER.node_modules
_PACKAGES = {"nginx": "nginx", "openssl": "openssl", "tinyproxy": "tinyproxy", "node": "nodejs", "npm": "npm"}


def _missing() -> list[str]:
    return [program for program in _PACKAGES if shutil.which(program, path=PATH) is None]


def require() -> None:
    """Skip the test where a part is missing; under ``CI=true`` it fails."""
    if missing := [*_missing(), *([] if PROVIDER.is_installed else [PROVIDER.title])]:
        end = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        end(f"{', '.join(missing)}: not on this machine: `make peers` installs it (Debian's packages as root)")


def main() -> None:
    """Install what is missing, as far as that is possible: of the rest the tests tell."""
    programs = _missing()
    apt = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *map(_PACKAGES.__getitem__, programs)]
    if programs:
        print(f"{', '.join(programs)}: not on this machine, so as root: {' '.join(apt)}", flush=True)
    if programs and os.geteuid() == 0 and shutil.which("apt-get"):
        os.environ["DEBIAN_FRONTEND"] = "noninteractive"
        for command in (["apt-get", "update", "-qq"], apt):
            subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    PROVIDER.install()


if __name__ == "__main__":
    main()
