"""Downloads the servers' files from Maven Central once, and checks their SHA-256.

`packages/<name>.sha256` lists each server's files as `sha256sum` does, with their paths in the repository. Nothing is
resolved and no Maven is needed, so every machine runs the same bytes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from time import monotonic

import urllib3

REPOSITORY = os.environ.get("MAVEN_REPOSITORY", "https://repo.maven.apache.org/maven2")
"""Maven Central, or a mirror of it."""

ROOT = Path(__file__).resolve().parent
PACKAGES = ROOT / "packages"
DOWNLOADS_AT_ONCE = 8
MB = 1_000_000


class FetchError(Exception):
    """Something could not be downloaded; the message says what, why and what to do."""


def cache() -> Path:
    """The folder of downloaded servers: `$VECTORLOG_CACHE`, or `.cache/local-aws` in this checkout."""
    return Path(os.environ.get("VECTORLOG_CACHE") or ROOT.parent / ".cache" / "local-aws")


def once(name: str, stamp: bytes, make: Callable[[Path], None]) -> Path:
    """The folder that `make` fills, kept as long as `stamp` stays the same. Safe to call from several processes.

    A folder gets its final name once it is complete; older ones of the same name are removed.
    """
    folder = cache() / f"{name}-{hashlib.sha256(stamp).hexdigest()[:12]}"
    if folder.exists():
        return folder
    cache().mkdir(parents=True, exist_ok=True)
    with open(cache() / f".{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with TemporaryDirectory(dir=cache(), prefix=f".{name}-") as temporary:
                made = Path(temporary) / "made"
                made.mkdir()
                make(made)
                for old in cache().glob(f"{name}-*"):
                    shutil.rmtree(old)
                made.rename(folder)
    return folder


def fetch(name: str, prepare: Callable[[Path], None] | None = None, *, stamp: bytes = b"") -> Path:
    """The folder with the files that `packages/<name>.sha256` lists, as `prepare` left it.

    Raises:
        FetchError: a file could not be downloaded, or differs from the listed one.
    """
    listing = (PACKAGES / f"{name}.sha256").read_text()

    def make(folder: Path) -> None:
        began = monotonic()
        say(f"{name}: fetching from {REPOSITORY}, this once …")
        files = [line.split() for line in listing.splitlines()]
        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            size = sum(pool.map(lambda file: _download(file[1], file[0], folder), files))
        if prepare:
            prepare(folder)
        say(f"{name}: {size / MB:.0f} MB in {monotonic() - began:.0f} s")

    return once(name, listing.encode() + stamp, make)


def say(line: str) -> None:
    """Prints progress to stderr."""
    sys.stderr.write(f"{line}\n")  # in one write, so that lines of other threads do not mix with it


RETRIES = urllib3.Retry(4, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504))
"""Seven seconds in all: a mirror that is busy now and then."""

_http = urllib3.PoolManager(
    maxsize=DOWNLOADS_AT_ONCE,
    block=True,
    timeout=urllib3.Timeout(connect=10, read=60),
    retries=RETRIES,
)


def _download(path: str, sha256: str, folder: Path) -> int:
    url = f"{REPOSITORY}/{path}"
    digest, size = hashlib.sha256(), 0
    try:
        with (
            _http.request("GET", url, preload_content=False) as answer,
            open(folder / PurePosixPath(path).name, "wb") as file,
        ):
            if answer.status != 200:
                raise FetchError(f"{url} answered {answer.status}; set MAVEN_REPOSITORY if a mirror has it")
            for part in answer.stream(MB, decode_content=False):
                digest.update(part)
                size += file.write(part)
    except urllib3.exceptions.HTTPError as error:
        raise FetchError(
            f"{url} could not be fetched ({error}); set MAVEN_REPOSITORY if a mirror can be reached"
        ) from error
    if digest.hexdigest() != sha256:
        raise FetchError(f"{url} is not the file that was tested: its SHA-256 is {digest.hexdigest()}")
    return size
