"""Builds the wheel, installs it where there is nothing, and uses it as a new user would.

The environment is empty, and so are the home and the folder that it is run in, so nothing of the checkout can help.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
STARTS_WITHIN_S = 60
LISTENING = "listening on "
TEXT = "The harbour closes at nine in winter.\n"
QUERY = "When does the harbour close?"


class Failed(Exception):
    """Something that a new user does failed."""


def check(uv: str) -> None:
    """Builds the wheel with this uv, and uses it as `pip install` and as `uvx` bring it.

    Raises:
        Failed: something did not work.
    """
    with tempfile.TemporaryDirectory(prefix="vectorlog-wheel-") as folder:
        wheel = _built(uv, Path(folder) / "dist")
        environment = Path(folder) / "environment"
        run(uv, "venv", "--quiet", "--python", sys.executable, str(environment))
        run(uv, "pip", "install", "--quiet", "--python", str(environment), str(wheel))
        _use(Path(folder) / "pip", [str(environment / "bin" / "vectorlog")])
        uvx = [uv, "tool", "run", "--quiet", "--python", sys.executable, "--from", str(wheel), "vectorlog"]
        _use(Path(folder) / "uvx", uvx)


def _built(uv: str, folder: Path) -> Path:
    run(uv, "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT))
    return next(folder.glob("*.whl"))


def run(*command: str) -> None:
    """Runs a command.

    Raises:
        Failed: it failed.
    """
    if subprocess.run(command, check=False).returncode:
        raise Failed(f"{' '.join(command)} failed; see above")


def _use(folder: Path, program: Sequence[str]) -> None:
    """Starts a server in an empty folder, ingests a file and finds it, all by one command or another of a program.

    Raises:
        Failed: one of them did not do what it should.
    """
    home = folder / "home"
    home.mkdir(parents=True)
    document = folder / "harbour.txt"
    document.write_text(TEXT)
    kept = ("UV_CACHE_DIR", "XDG_CACHE_HOME", "UV_SYSTEM_CERTS", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "SSL_CERT_FILE")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {"HOME": str(home), "PATH": "/usr/bin:/bin", "UV_TOOL_DIR": str(folder / "tools")}
    environment.setdefault("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))
    with _serving([*program, "serve", "--port", "0"], folder, environment) as url:
        environment["VECTORLOG_URL"] = url
        said([*program, "ingest", str(document), "--store", "docs"], folder, environment)
        found = said([*program, "search", "docs", QUERY, "--json"], folder, environment)
        if TEXT.strip() not in found:
            raise Failed(f"{QUERY!r} did not find {TEXT!r}: {found}")
        for path, wanted in (("/console", "<div id="), ("/metrics", "vectorlog_files_total"), ("/docs", "<html")):
            if wanted not in (page := _fetched(url + path)):
                raise Failed(f"{path} answers {page[:200]!r}")
    data = home / ".vectorlog"
    if not (data / "log.db").is_file():
        raise Failed(f"there are no data in {data}")


@contextmanager
def _serving(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    log = folder / "serve.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True) as run,
    ):
        assert run.stdout is not None
        try:
            line = run.stdout.readline()
            if LISTENING not in line:
                raise Failed(f"{' '.join(command)} said {line!r}: {log.read_text()[-2000:]}")
            yield line.partition(LISTENING)[2].strip()
        finally:
            run.terminate()
            run.wait(STARTS_WITHIN_S)
    if "Traceback" in log.read_text():
        raise Failed(log.read_text()[-4000:])


def said(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> str:
    """Runs a command in a folder, and returns what it printed.

    Raises:
        Failed: it ended with an error; the message has all of its output.
    """
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{shlex.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def _fetched(url: str) -> str:
    asked = urllib.request.Request(url, headers={"accept": "text/html, */*"})
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return f"{error.code}: {error.read().decode()}"
