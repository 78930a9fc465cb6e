"""The programs that the tests need. `python -m tests.peers.parts` installs what is missing, and says so."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["HERE", "NODE_MODULES", "PATH", "require"]

HERE = Path(__file__).parent
PATH = f"{os.environ['PATH']}:/usr/sbin"  # where Debian has servers, for root alone
PROVIDER = "oidc-provider " + json.loads((HERE / "package.json").read_text())["dependencies"]["oidc-provider"]
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aiomatatika" / PROVIDER.replace(" ", "-")
NODE_MODULES = _CACHE / "node_modules"
_PACKAGES = {"nginx": "nginx", "openssl": "openssl", "tinyproxy": "tinyproxy", "node": "nodejs", "npm": "npm"}


def _missing() -> list[str]:
    provider = [] if (NODE_MODULES / "oidc-provider" / "package.json").is_file() else [PROVIDER]
    return [program for program in _PACKAGES if shutil.which(program, path=PATH) is None] + provider


def require() -> None:
    """Skip the test where a part is missing; under ``CI=true`` it fails."""
    if missing := _missing():
        end = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        end(f"{', '.join(missing)}: not on this machine: `make peers` installs it (Debian's packages as root)")


def main() -> None:
    """Install what is missing, as far as that is possible: of the rest the tests tell."""
    programs = [program for program in _missing() if program != PROVIDER]
    apt = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *map(_PACKAGES.__getitem__, programs)]
    if programs:
        print(f"{', '.join(programs)}: not on this machine, so as root: {' '.join(apt)}", flush=True)
    if programs and os.geteuid() == 0 and shutil.which("apt-get"):
        os.environ["DEBIAN_FRONTEND"] = "noninteractive"
        for command in (["apt-get", "update", "-qq"], apt):
            subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    if PROVIDER in _missing() and shutil.which("npm"):
        print(f"{PROVIDER}: not on this machine, so npm installs it into {_CACHE}", flush=True)
        _CACHE.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "package.json", _CACHE)
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=_CACHE, check=False)


if __name__ == "__main__":
    main()
