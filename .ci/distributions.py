"""Build the sdist and the wheel: `distributions.py FOLDER`. The same sources give the same bytes.

The times inside are SOURCE_DATE_EPOCH, by default the time of the last commit; order, modes and owners do not depend on
the machine. The wheel is built from the sdist, so what is published builds.
"""

import gzip
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def epoch() -> int:
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    if not ROOT.joinpath(".git").exists():  # an unpacked sdist has the times of the one that packed it
        return int(ROOT.joinpath("setup.cfg").stat().st_mtime)
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603  # nothing comes from outside


def build(kind: str, source: Path, into: Path) -> Path:
    command = [sys.executable, "-m", "build", f"--{kind}", "--outdir", str(into), str(source)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  # nothing comes from outside
    (built,) = (path for path in into.iterdir() if path.name.endswith(".whl" if kind == "wheel" else ".tar.gz"))
    return built


def normalised(sdist: bytes, seconds: int) -> bytes:
    """Return the archive as any machine would have packed it: setuptools leaves this one's times, owners and modes."""
    packed = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(sdist)) as old,
        gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=seconds) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda each: each.name):
            executable = member.isdir() or member.mode & 0o100
            plain = tarfile.TarInfo(member.name)
            plain.type, plain.size, plain.linkname = member.type, member.size, member.linkname
            plain.mtime, plain.mode = seconds, 0o755 if executable else 0o644
            new.addfile(plain, old.extractfile(member) if member.isfile() else None)
    return packed.getvalue()


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder, seconds = Path(sys.argv[1]), epoch()
    os.environ["SOURCE_DATE_EPOCH"] = str(seconds)
    os.umask(0o022)
    folder.mkdir(parents=True)  # what is there could be of another version
    sdist = build("sdist", ROOT, folder)
    sdist.write_bytes(normalised(sdist.read_bytes(), seconds))
    with tempfile.TemporaryDirectory() as unpacked:
        with tarfile.open(sdist) as archive:
            archive.extractall(unpacked, filter="data")
        (source,) = Path(unpacked).iterdir()
        wheel = build("wheel", source, folder)
    print(sdist, wheel, sep="\n")


main()
