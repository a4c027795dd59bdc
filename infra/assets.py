"""The functions' assets: our code and its libraries, assembled by uv for Lambda's platform, without Docker."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import jsii
from aws_cdk import AssetHashType, BundlingOptions, ILocalBundling
from aws_cdk import aws_lambda as lambda_

ROOT = Path(__file__).parents[1]
Bundle = Literal["core", "index", "ingest"]
"""`core` does not use OpenSearch; `index` carries its client; `ingest` also reads files."""
GROUPS: dict[Bundle, str] = {"core": "lambda", "index": "lambda-index", "ingest": "lambda-ingest"}
"""The dependency group in pyproject.toml of each bundle."""
TRACES = "traces"
"""The group that functions carry besides if they make traces: 6 MB, which a cold start would load for nothing."""
PLATFORMS = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_34"}
"""Lambda's Python 3.13 runs on Amazon Linux 2023, whose glibc is 2.34."""
PYTHON = "3.13"
COMPILED: tuple[Bundle, ...] = ("core", "index")
"""Bundles that hold bytecode too. No request waits for `ingest`, which would be too big with it."""
MAX_ASSET_BYTES = 30_000_000
"""Maximum size of a zipped asset."""
_OURS_LOCALLY = shutil.ignore_patterns("__pycache__", "*.onnx", "*.pyc")
UNUSED = (
    *("bin", "*/bin", ".lock"),  # programs: html_to_markdown brings 12 MB of one
    *(f"*.dist-info/{name}" for name in ("RECORD", "INSTALLER", "REQUESTED", "WHEEL", "direct_url.json", "uv_*.json")),
    *("*/tests", "*/*/tests", "**/*.pyi", "**/*.pyx", "**/*.pxd", "**/*.h", "wrapt-stubs"),
)
"""Parts of libraries that are never used."""


class BundlingFailed(Exception):
    """An asset could not be built; the message is uv's."""


class Assets:
    """Builds each bundle once, however many functions carry it.

    Args:
        architecture: `arm64` or `x86_64`.
        traces: whether functions make traces.
        bundling: if False, an asset holds only the handlers; for tests of templates.
    """

    def __init__(self, architecture: str, *, traces: bool = False, bundling: bool = True) -> None:
        self._architecture = architecture
        self._traces = traces
        self._bundling = bundling
        self._made: dict[Bundle, lambda_.Code] = {}

    def code(self, bundle: Bundle) -> lambda_.Code:
        """The asset of a bundle."""
        if bundle not in self._made:
            self._made[bundle] = self._code(bundle)
        return self._made[bundle]

    def _code(self, bundle: Bundle) -> lambda_.Code:
        if not self._bundling:
            return lambda_.Code.from_asset(str(ROOT / "functions" / "handlers"))
        return lambda_.Code.from_asset(
            str(ROOT / "functions"),
            asset_hash_type=AssetHashType.OUTPUT,
            bundling=BundlingOptions(
                image=lambda_.Runtime.PYTHON_3_13.bundling_image,
                local=_Local(bundle, self._architecture, traces=self._traces),
                command=[
                    bundle,
                    self._architecture,
                ],  # never run; without it the CDK would take two bundles for the same asset
            ),
        )


@jsii.implements(ILocalBundling)
class _Local:
    """The CDK tries this before it uses Docker."""

    def __init__(self, bundle: Bundle, architecture: str, *, traces: bool) -> None:
        self._bundle = bundle
        self._architecture = architecture
        self._traces = traces

    def try_bundle(self, output_dir: str, options: Any = None, **_: Any) -> bool:  # noqa: ANN401, ARG002  # as jsii calls it
        """Builds the bundle, and returns True: Docker is never needed."""
        make(Path(output_dir), self._bundle, self._architecture, traces=self._traces)
        return True


def make(folder: Path, bundle: Bundle, architecture: str, *, traces: bool = False, python: str = PYTHON) -> None:
    """Builds a bundle in a folder. The same sources and lock give the same files on every machine.

    Raises:
        BundlingFailed: uv failed.
    """
    locked = _uv(
        "export",
        "--quiet",
        "--frozen",
        "--no-dev",
        "--no-emit-project",
        "--no-hashes",
        "--prune",
        "botocore",
        *("--only-group", GROUPS[bundle]),
        *(("--only-group", TRACES) if traces else ()),
    )
    requirements = folder / "requirements.txt"
    requirements.write_text(locked)
    _uv(
        *("pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--link-mode", "copy"),
        *("--python-platform", PLATFORMS[architecture], "--python-version", python),
        *("--target", str(folder), "--requirement", str(requirements)),
    )
    requirements.unlink()
    _strip(folder)
    for name in ("handlers", "vectorlog"):
        shutil.copytree(ROOT / "functions" / name, folder / name, ignore=_OURS_LOCALLY)
    if bundle in COMPILED:
        _compile(folder, python)


def _compile(folder: Path, python: str) -> None:
    """Compiles to bytecode. A function's folder is read-only, so it would otherwise compile its imports at every cold
    start, which takes 0.65 of 1.1 s of CPU.
    """
    try:
        interpreter = _uv("python", "find", "--no-project", python).strip()
    except BundlingFailed:
        print(
            f"There is no Python {python} here to compile assets with: cold starts take 0.7 s longer.", file=sys.stderr
        )
        return
    paths = ("-s", str(folder), "-p", "/var/task")
    command = [interpreter, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", *paths, str(folder)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BundlingFailed(f"Python {python} could not compile an asset:\n{done.stdout}{done.stderr}")


def _strip(folder: Path) -> None:
    """Removes what no function needs, and what differs between machines."""
    for pattern in UNUSED:
        for each in sorted(folder.glob(pattern)):
            if each.is_dir():
                shutil.rmtree(each)
            else:
                each.unlink()


def _uv(*arguments: str) -> str:
    environment = {
        **os.environ,
        "UV_PYTHON_DOWNLOADS": "never",
        "PYENV_VERSION": PYTHON,
    }  # pyenv's shim for python3.13 needs the version
    environment.pop("VIRTUAL_ENV", None)
    command = [
        os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".cache" / "uv-0.13.8"),
        "--color",
        "never",
        *arguments,
    ]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BundlingFailed(f"uv {arguments[0]} failed:\n{done.stderr}")
    return done.stdout
