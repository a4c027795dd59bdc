"""`vectorlog evaluate` against a live server."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result
from openai import OpenAI

from tests.clients.conftest import long_locally
from tests.clients.service import Service
from vectorlog.cli.main import main
from vectorlog.client.server import Refused, Server

pytest.importorskip("pytrec_eval")

_TOPICS = {
    "pump": "The pump is checked every four hundred hours.",
    "harbour": "The harbour master keeps the signal lights.",
    "orchard": "Apples of the orchard are picked in late autumn.",
}
_WORDS = json.dumps({"ranking_options": {"hybrid_search": {"embedding_weight": 0, "text_weight": 1}}})


def evaluate(service: Service, *arguments: str | Path) -> Result:
    given = ["--url", f"{service.url}/v1", "--api-key", service.key, "--options", _WORDS, *map(str, arguments)]
    return CliRunner().invoke(main, ["evaluate", *given])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three documents and a question about each, one of which is judged wrongly."""
    lines = [json.dumps({"_id": name, "text": text}) for name, text in _TOPICS.items()]
    (tmp_path / "corpus.jsonl").write_text("\n".join(lines))
    queries = {"1": "when is the pump checked", "2": "who keeps signal lights", "3": "when are apples picked"}
    (tmp_path / "queries.jsonl").write_text("\n".join(json.dumps({"_id": id, "text": q}) for id, q in queries.items()))
    (tmp_path / "qrels.tsv").write_text("1\tpump\t1\n2\tharbour\t1\n3\tpump\t1\n")
    return tmp_path


@pytest.mark.long
def test_folder(service: Service, openai_client: OpenAI, folder: Path) -> None:
    """A folder is uploaded, asked, measured and deleted again; a second run is compared with what the first saved."""
    before = {each.id for each in openai_client.vector_stores.list(limit=100)}
    first = evaluate(service, folder, "--save", folder / "run.json", "--json")
    assert first.exit_code == 0, first.output
    table = {each["measure"]: each for each in json.loads(first.stdout)}
    assert table["nDCG@10"]["questions"] == 3
    assert 2 / 3 <= table["nDCG@10"]["mean"] < 1
    assert set(json.loads((folder / "run.json").read_text())) == {"1", "2", "3"}
    assert {each.id for each in openai_client.vector_stores.list(limit=100)} <= before

    (folder / "qrels.tsv").write_text("1\tpump\t1\n2\tharbour\t1\n3\torchard\t1\n")
    second = evaluate(service, folder, "--against", folder / "run.json")
    assert second.exit_code == 0, second.output
    [line] = [line for line in second.stdout.splitlines() if "nDCG@10" in line]
    assert line.startswith("| all | 3 | nDCG@10 | 1.000 | 1.000 to 1.000 |")


@long_locally
def test_own_store(service: Service, openai_client: OpenAI, folder: Path) -> None:
    """A store that exists is asked; documents are named by filename, and nothing is deleted."""
    store = openai_client.vector_stores.create(name="mine")
    for name, text in _TOPICS.items():
        openai_client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=(f"{name}.txt", text.encode()))
    found = evaluate(
        service, "--store", store.id, "--queries", folder / "queries.jsonl", "--qrels", folder / "qrels.tsv", "--json"
    )
    assert found.exit_code == 0, found.output
    assert openai_client.vector_stores.retrieve(store.id).file_counts.completed == 3


def test_what_is_wrong(service: Service, folder: Path) -> None:
    """Each mistake is a sentence without a traceback."""
    mistakes: tuple[tuple[list[str | Path], str], ...] = (
        ([], "Give FOLDER, or --queries, --qrels and --store"),
        (["--store", "vs_missing", "--queries", folder / "queries.jsonl", "--qrels", folder / "qrels.tsv"], "HTTP 404"),
        ([folder, "--url", "nonsense"], "not a URL"),
        ([folder, "--options", "[]"], "--options is a JSON object"),
        ([folder, "--options", '{"colour": 1}'], "colour"),
        ([folder, "--url", "nonsense", "--save", folder / "missing" / "run.json"], "--save: there is no folder"),
    )
    for arguments, said in mistakes:
        refused = evaluate(service, *arguments)
        assert (refused.exit_code, isinstance(refused.exception, SystemExit)) in ((1, True), (2, True))
        assert said in refused.output


def test_not_the_api(service: Service, folder: Path) -> None:
    """A base URL without the API's path is named."""
    assert httpx.get(f"{service.url}/health").status_code in (200, 404)
    refused = evaluate(service, folder, "--url", service.url)
    assert refused.exit_code == 1
    assert "/v1" in refused.output


def test_what_fails_after_the_run(service: Service, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is printed, whether or not it can be saved and everything can be deleted."""
    delete = Server.delete

    def refused(server: Server, path: str) -> object:
        if path.startswith("/vector_stores/"):
            delete(server, path)
            raise Refused("not now", 500)
        return delete(server, path)

    monkeypatch.setattr(Server, "delete", refused)
    monkeypatch.setattr(Path, "write_text", _full)
    runs: tuple[tuple[list[str | Path], str], ...] = (
        (["--save", folder / "full.json"], "--save: full"),
        ([], "not now"),
    )
    for arguments, said in runs:
        failed = evaluate(service, folder, *arguments)
        assert (failed.exit_code, isinstance(failed.exception, SystemExit)) == (1, True)
        assert "nDCG@10" in failed.stdout
        assert said in failed.stderr


def _full(path: Path, text: str) -> int:
    raise OSError("full")
