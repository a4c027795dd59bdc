"""Builds an image that runs functions like Lambda's Python image, from what this machine has.

It holds CPython with its standard library and the shared libraries that it links, Lambda's runtime client
(`awslambdaric`), boto3, and the few programs that `sam` needs to add its runtime emulator. It tests handlers and their
wiring. It does not test that a wheel loads on AWS, because its C library is this machine's, not Amazon Linux's.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from local_aws.sam.engine import DOCKER

PACKAGES = ("awslambdaric==4.2.2", "boto3>=1.44,<2")
TOOLS = {"dash": "sh", "mv": "mv", "chmod": "chmod"}
"""Programs that sam's Dockerfile runs, by their names in the image."""
LIBRARIES = (
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libnsl.so.1",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libstdc++.so.6",
    "libutil.so.1",
)
"""Libraries that wheels may link without carrying them, by the manylinux policy (PEP 600); not every machine has all of
them.
"""
LEFT_OUT = (
    "site-packages",
    "dist-packages",
    "test",
    "idlelib",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "config-*",
    "*.a",
)

BOOTSTRAP = """#!/bin/sh
cd "$LAMBDA_TASK_ROOT"
export PYTHONPATH="$LAMBDA_TASK_ROOT:/opt/python:$LAMBDA_RUNTIME_DIR"
exec /var/lang/bin/python3 -m awslambdaric "${_HANDLER:-$AWS_LAMBDA_FUNCTION_HANDLER}"
"""

SETTINGS = (
    "ENV PATH=/var/lang/bin:/bin",
    "ENV LAMBDA_TASK_ROOT=/var/task",
    "ENV LAMBDA_RUNTIME_DIR=/var/runtime",
    "ENV LANG=C.UTF-8",
    "WORKDIR /var/task",
    'ENTRYPOINT ["/var/runtime/bootstrap"]',
)

_PLACES = (
    "import json, os, sys, sysconfig; print(json.dumps([os.path.realpath(sys._base_executable), "
    "sysconfig.get_path('stdlib')]))"
)


class NoStandIn(Exception):
    """A stand-in cannot be built; the message says what is missing."""


def digest() -> str:
    """A digest of this module, so that a change of it gives another image."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]


def make(name: str, version: str) -> None:
    """Gives the engine the image, for this machine's architecture.

    Raises:
        NoStandIn: this machine does not run Linux, or lacks CPython of this version or uv.
    """
    if sys.platform != "linux":
        raise NoStandIn("A stand-in for Lambda's image can be made on Linux only; let Docker reach public.ecr.aws.")
    executable, library = _python(version)
    with TemporaryDirectory(prefix="lambda-") as temporary:
        root = Path(temporary)
        shutil.copytree(
            library, root / "var/lang/lib" / library.name, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT)
        )
        _install(root / "var/runtime", executable)
        _copy(executable, root / "var/lang/bin/python3")
        for program, name_there in TOOLS.items():
            _copy(Path(_found(program)), root / "bin" / name_there)
        for shared in {
            *_linked((executable, *map(Path, map(_found, TOOLS)), *root.rglob("*.so*"))),
            *_listed(LIBRARIES),
        }:
            if not shared.is_relative_to(root):
                _copy(shared, root / shared.relative_to("/"))
        (root / "var/runtime/bootstrap").write_text(BOOTSTRAP)
        (root / "var/runtime/bootstrap").chmod(0o755)
        for folder in ("tmp", "opt", "var/task", "var/rapid", "etc"):
            (root / folder).mkdir(parents=True)
        (root / "tmp").chmod(0o1777)
        (root / "etc/nsswitch.conf").write_text("hosts: files dns\n")
        (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n")
        _import(root, name)


def _python(version: str) -> tuple[Path, Path]:
    """The interpreter and its standard library."""
    done = subprocess.run((_found(f"python{version}"), "-c", _PLACES), capture_output=True, text=True)
    if done.returncode:
        raise NoStandIn(f"python{version} does not run here: {done.stderr.strip()}")
    executable, library = json.loads(done.stdout)
    return Path(executable), Path(library)


def _found(program: str) -> str:
    if found := shutil.which(program):
        return found
    raise NoStandIn(
        f"A stand-in for Lambda's image needs {program} on this machine; install it, or let Docker reach "
        f"public.ecr.aws."
    )


def _install(folder: Path, python: Path) -> None:
    uv = os.environ.get("UV") or _found("uv")
    command = (
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        "--only-binary",
        ":all:",
        "--target",
        folder,
        *PACKAGES,
    )
    if subprocess.run(command).returncode:
        raise NoStandIn(f"{', '.join(PACKAGES)} could not be installed; see above.")


def _linked(programs: Iterable[Path]) -> Iterator[Path]:
    """The shared libraries that these files link, as this machine's loader finds them."""
    printed = subprocess.run(("ldd", *filter(Path.is_file, programs)), capture_output=True, text=True).stdout
    return map(Path, re.findall(r"^\t(?:.* => )?(/\S+) \(0x", printed, re.MULTILINE))


def _listed(names: Collection[str]) -> Iterator[Path]:
    """Where the loader finds libraries of these names."""
    printed = subprocess.run((_found("ldconfig"), "-p"), check=True, capture_output=True, text=True).stdout
    return (
        Path(place)
        for name, place in re.findall(r"^\t(\S+) \(libc6,.* => (\S+)$", printed, re.MULTILINE)
        if name in names
    )


def _copy(file: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, to)


def _import(root: Path, name: str) -> None:
    changes = [part for setting in SETTINGS for part in ("--change", setting)]
    process = subprocess.Popen(
        (DOCKER, "import", *changes, "-", name), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert process.stdin is not None
    with process.stdin, tarfile.open(fileobj=process.stdin, mode="w|") as archive:
        archive.add(root, arcname=".", filter=_as_root)
    if process.wait():
        raise NoStandIn(f"The Docker engine did not take {name}; see above.")


def _as_root(item: tarfile.TarInfo) -> tarfile.TarInfo:
    item.uid = item.gid = 0
    item.uname = item.gname = "root"
    return item
