"""`vectorlog pull chroma` and `pull qdrant`, with data that these databases made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients.administered import Administered, new_project
from tests.clients.command_line import CommandLine
from tests.clients.conftest import long_locally
from tests.clients.service import Service
from tests.support.foreign_stores import KEY, chroma_folder, qdrant
from vectorlog.cli import exits

PUMP = "The relief valve opens at 16 bar.\n\nThe pump moves cooling water."


@pytest.fixture
def cli(administered: Administered) -> CommandLine:
    """The commands of a project of its own."""
    return CommandLine(Service(administered.url, administered.make(new_project(), "write").value, None), "")


def _files(cli: CommandLine, store: str) -> dict[str, Any]:
    return {each["filename"]: each for each in cli.json("files", "list", store)}


def test_chroma(cli: CommandLine, tmp_path: Path) -> None:
    """A collection becomes a store; the points of one source become one file, in the order of their pages, with what
    they have in common; ids are kept and mapped; what cannot come is told. The next run has nothing to do.
    """
    folder, ids = chroma_folder("1.5.9", tmp_path / "chroma"), tmp_path / "ids.json"
    ran = cli.run("pull", "chroma", folder, "--map", ids)
    assert ran.exit_code == exits.SOME_FAILED, ran.stderr
    empty, store = sorted(cli.json("stores", "list"), key=lambda each: each["name"])
    assert [row.split("\t")[0:1] + row.split("\t")[2:] for row in ran.stdout.splitlines()] == [
        ["empty", empty["id"], "0", "0", "0", "0"],
        ["manuals", store["id"], "0", "2", "0", "1"],
    ]
    assert store["metadata"].items() >= {"team": "x"}.items()
    files = _files(cli, store["id"])
    assert set(files) == {"pump.pdf.txt", "b.txt"}
    pump, note = files["pump.pdf.txt"], files["b.txt"]
    own = {"pulled_from": "docs/pump.pdf", "pulled_as": "text"}
    assert pump["attributes"] == {"source": "docs/pump.pdf", "lang": "en", "ok": True, **own}
    assert note["attributes"] == {"weight": 0.5, "pulled_from": "point:b", "pulled_as": "text"}
    assert cli.succeed("files", "download", pump["id"]) == PUMP
    mapped = json.loads(ids.read_text())["stores"][store["metadata"]["pulled_from"]]
    assert mapped["id"] == store["id"]
    assert mapped["files"] == {
        **dict.fromkeys(("docs/pump.pdf", "point:a-1", "point:a-2"), pump["id"]),
        "point:b": note["id"],
    }
    for says in (
        "manuals: 1 point\tthey have no text",
        "attribute 'page' is left out of 1 file: it differs between the points of a document",
        "attribute 'tags' is left out of 1 file: it is no text, number or boolean",
        "attribute 'long' is left out of 1 file: it is longer than 512 characters",
    ):
        assert says in ran.stderr
    for given in (ids, tmp_path / "other.json"):
        again = cli.run("pull", "chroma", folder, "--collection", "manuals", "--map", given)
        assert again.stdout.split("\t")[2:] == [store["id"], "0", "0", "2", "1\n"]
    assert len(cli.json("stores", "list")) == 2


def test_per_point(cli: CommandLine, tmp_path: Path) -> None:
    """With --per-point, each point is a file and keeps its page."""
    folder = chroma_folder("0.4.0", tmp_path / "chroma")
    cli.succeed("pull", "chroma", folder, "--per-point", "--map", tmp_path / "ids.json")
    pages = {name: each["attributes"]["page"] for name, each in _files(cli, "manuals").items()}
    assert pages == {"a-1.txt": 1, "a-2.txt": 2}


@long_locally
def test_qdrant(cli: CommandLine, tmp_path: Path) -> None:
    """Collections that LangChain, LlamaIndex and Haystack made come with texts and metadata, however many points."""
    with qdrant() as url:
        arguments = ["pull", "qdrant", url, "--from-key", KEY, "--map", str(tmp_path / "ids.json")]
        ran = cli.run(*arguments)
        assert ran.exit_code == 0, ran.stderr
        stores = {each["name"]: each for each in cli.json("stores", "list")}
        assert set(stores) == {"langchain", "llamaindex", "haystack many", "empty"}
        assert stores["langchain"]["metadata"] == {"pulled_from": f"{url}/collections/langchain"}
        [pump] = _files(cli, "langchain").values()
        assert (pump["filename"], pump["attributes"]["lang"]) == ("pump.pdf.txt", "en")
        assert cli.succeed("files", "download", pump["id"]) == "The valve opens.\n\nThe pump moves water."
        [harbour] = _files(cli, "llamaindex").values()
        assert cli.succeed("files", "download", harbour["id"]) == "Lights of the harbour."
        notes = _files(cli, "haystack many")
        assert {each["attributes"]["number"] for each in notes.values()} == set(range(300))
        ran = cli.run(*arguments, "--collection", "haystack many")
        assert ran.stdout.split("\t")[3:] == ["0", "0", "300", "0\n"]


def test_refused(cli: CommandLine, tmp_path: Path) -> None:
    """Mistakes are told before anything is made."""
    folder = chroma_folder("1.5.9", tmp_path / "chroma")
    (tmp_path / "empty").mkdir()
    with qdrant() as url:
        for arguments, code, says in (
            (["chroma", tmp_path / "empty"], exits.USAGE, "Is it Chroma's?"),
            (["chroma", tmp_path / "none"], exits.USAGE, "does not exist"),
            (["chroma", folder, "--collection", "none"], exits.NOT_FOUND, "there are: empty, manuals"),
            (["chroma", folder, "--per-point", "--document-key", "x"], exits.USAGE, "no use together"),
            (["qdrant", tmp_path / "empty"], exits.USAGE, "run code when they are read"),
            (["qdrant", "nonsense"], exits.USAGE, "6333"),
            (["qdrant", url, "--from-key", "wrong"], exits.NO_RIGHT, "Invalid API key"),
            (["qdrant", cli.service.url, "--from-key", KEY], exits.NOT_FOUND, "404"),
        ):
            ran = cli.run("pull", *arguments, "--map", tmp_path / "ids.json")
            assert (ran.exit_code, says in ran.stderr) == (code, True), (arguments, ran.stderr)
    assert cli.json("stores", "list") == []
