"""What README.md says to type works: each command is run on a live server, or is listed here with why it is not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.service import running
from tests.embedding.stub_server import StubServer
from vectorlog.cli import exits

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FIRST, SECOND = "http://127.0.0.1:8080", "http://127.0.0.1:8081"
ELSEWHERE = {
    r"\./dev serve\b": "the servers of these tests are started by it",
    r"\./dev demo\b": "tests/cli/test_demo.py",
    r"\./dev webhooks listen\b": "tests/clients/test_cli_webhooks.py",
    r"\./dev (synth|deploy|aws|sam|test|docs)\b": "steps of .ci/run, or they need an account",
    r"OPENAI_API_KEY=": "needs an account at OpenAI; the other pull is the same command",
    r"\./dev pull chroma": "tests/clients/test_cli_pull_points.py",
    r"(claude|npx) ": "tests/clients/test_mcp.py drives the server with the official client",
    r"docker compose": "needs a container engine; tools/packages.py checks the file",
}
"""Commands that are not run here, by the beginning, and where they are tried, or why nowhere."""


def lines() -> list[str]:
    """The commands of README.md, without comments."""
    blocks = [text for kind, text in FENCE.findall(README) if kind == "sh"]
    return [re.sub(r"\s{2,}#.*", "", line) for text in blocks for line in text.splitlines() if line.strip()]


def where_else(command: str) -> str | None:
    return next((reason for start, reason in ELSEWHERE.items() if re.match(start, command)), None)


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who follows README.md, in a folder with the repository's documents.

    Attributes:
        first: the server that is started first.
        second: another one, with a store.
    """

    folder: Path
    first: str
    second: str

    def types(self, command: str) -> subprocess.CompletedProcess[str]:
        """Runs a command as it is written, but for the ports of the servers."""
        text = command.replace(FIRST, self.first).replace(SECOND, self.second)
        text = text.replace("./dev open", "./dev open --print")  # no test opens a browser
        if "key_…" in text:
            text = text.replace("key_…", self.types("./dev keys list").stdout.split()[0])
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("VECTORLOG_", "OPENAI_"))}
        variables = {"VECTORLOG_URL": self.first, "VECTORLOG_DATA": str(self.folder / "data")}
        return subprocess.run(
            ["sh", "-c", text], cwd=self.folder, env=kept | variables, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "README.md", folder)
    program = Path(sys.executable).with_name("vectorlog")
    (folder / "dev").symlink_to(program)
    with (
        StubServer(dimensions=1536) as stub,
        running(folder / "data", stub, "--webhook-allow-private") as first,
        running(folder / "other", stub) as second,
    ):
        yield Reader(folder, first, second)


@pytest.mark.long
def test_commands(reader: Reader) -> None:
    """Every command that is not tried elsewhere ends well, in the order of the page; files that fail are told."""
    assert reader.types(f"./dev ingest README.md --store other --url {SECOND}").returncode == 0
    tried = [line for line in lines() if where_else(line) is None]
    assert len(tried) >= 12
    for command in tried:
        done = reader.types(command)
        expected = {0, exits.SOME_FAILED} if re.search("ingest|sync", command) else {0}
        assert done.returncode in expected, f"{command}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        if "files list docs --status failed" in command:
            assert "The file is an image" in done.stdout
        if command.startswith("./dev search"):
            assert ".md" in done.stdout


@pytest.mark.long
@pytest.mark.parametrize("example", [text for kind, text in FENCE.findall(README) if kind == "python"])
def test_examples(reader: Reader, example: str) -> None:
    """The clients' examples run as they are."""
    key = reader.types("./dev keys create --project example").stdout.split()[-1]  # one may be required by now
    program = example.replace(FIRST, reader.first).replace('"any"', f'"{key}"')
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=reader.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_starts_with_a_picture_and_three_commands() -> None:
    """The first things on the page are a picture and three commands."""
    parts = [each for each in re.split(r"\n{2,}", README) if each.strip()]
    assert parts[0] == "# Vectorlog"
    assert re.match(r"\[?!\[[^\]]+\]\(docs/images/", parts[1])
    assert [line[:6] for line in parts[2].splitlines()] == ["```sh", "./dev ", "./dev ", "./dev ", "```"]


def test_pictures_are_there() -> None:
    """Every picture of every page is in the repository, and has a text for who does not see it."""
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")):
        for alternative, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", page.read_text()):
            assert (page.parent / target).is_file(), f"{page.name}: {target}"
            assert len(alternative) > 10, f"{page.name}: {target}"
