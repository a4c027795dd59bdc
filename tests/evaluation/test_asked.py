"""A collection is uploaded, asked and deleted again, also where the server refuses something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from vectorlog.client.server import Refused, Server
from vectorlog.evaluation.asked import asked, uploaded
from vectorlog.evaluation.questions import Collection, Documents, Passage, Question, StoreOf

_NAMES = ("a.txt", "b.txt", "c.txt", "d.txt")
_READ = Collection(dict.fromkeys(_NAMES, b"text"), (StoreOf("main", _NAMES),), ())


class Stub(Server):
    """A server that keeps what it is sent, and refuses an upload or deletions by name.

    Attributes:
        kept: ids of the stores and files that are there.
        refused: the status with which an upload of the file, or a deletion of the path, is refused.
        asked: the bodies of searches.
    """

    def __init__(self, refused: Mapping[str, int]) -> None:
        super().__init__("http://127.0.0.1:1/v1", "any")
        self.refused = refused
        self.kept: set[str] = set()
        self.asked: list[Mapping[str, Any]] = []

    def get(self, path: str, **query: str | int) -> Any:
        return {"file_counts": {"total": 4, "in_progress": 0, "failed": 0}}

    def post(self, path: str, body: Mapping[str, Any], key: str | None = None) -> Any:
        if path == "/vector_stores":
            self.kept.add("/vector_stores/vs_1")
        if path.endswith("/search"):
            self.asked.append(body)
        return {"id": "vs_1", "data": []}

    def delete(self, path: str) -> Any:
        self._refuse(path)
        self.kept.remove(path)

    def upload(self, filename: str, content: bytes, purpose: str = "assistants") -> str:
        self._refuse(filename)
        self.kept.add(f"/files/{filename}")
        return filename

    def _refuse(self, name: str) -> None:
        if name in self.refused:
            raise Refused(f"{name} is refused", self.refused[name])


def _silent(label: str, done: int, total: int) -> None:
    """Shows nothing."""


def test_a_refused_upload() -> None:
    """What other threads uploaded is deleted too."""
    server = Stub({"a.txt": 400})
    with pytest.raises(Refused, match=r"a\.txt is refused"), uploaded(server, _READ, _silent):
        pass
    assert server.kept == set()


def test_a_refused_deletion() -> None:
    """The rest is deleted, and what is left is said. What is gone already needs no deletion."""
    server = Stub({"/vector_stores/vs_1": 500, "/files/a.txt": 404, "/files/b.txt": 500})
    with pytest.raises(Refused, match=r"2 of 5 .* /vector_stores/vs_1 is refused"), uploaded(server, _READ, _silent):
        pass
    assert server.kept == {"/vector_stores/vs_1", "/files/a.txt", "/files/b.txt"}
    with uploaded(Stub({"/files/a.txt": 404}), _READ, _silent):
        pass


def test_the_first_error_is_told() -> None:
    """A refused deletion does not hide why the run ended; it is a note."""
    with pytest.raises(Refused, match="a search") as failed, uploaded(Stub({"/files/b.txt": 500}), _READ, _silent):
        raise Refused("a search")
    [note] = failed.value.__notes__
    assert "/files/b.txt is refused" in note


def test_one_result_of_each_document() -> None:
    """Ten documents are judged, not ten chunks of fewer; of passages, each chunk is one. Options have the last word."""
    pytest.importorskip("pytrec_eval")
    documents, passage = Question("1", "q", Documents({"a": 1})), Question("2", "q", Passage(("x",)))
    server = Stub({})
    for question, options in ((documents, {}), (documents, {"max_results_per_file": None}), (passage, {})):
        asked(server, [question], {"main": "vs_1"}, options, _silent)
    per_file = [body.get("max_results_per_file", "not sent") for body in server.asked]
    assert per_file == [1, None, "not sent"]


def test_kept() -> None:
    server = Stub({})
    with uploaded(server, _READ, _silent, keep=True) as stores:
        assert stores == {"main": "vs_1"}
    assert len(server.kept) == 5
