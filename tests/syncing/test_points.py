"""Where other databases keep texts, and which points are of one document."""

from __future__ import annotations

from typing import Any

import pytest

from vectorlog.syncing.documents_sqlite import documents
from vectorlog.syncing.points import Layout, Point, unfit

NODE = '{"text": "A text.", "id_": "n"}'


@pytest.mark.parametrize(
    ("payload", "text", "document"),
    [
        ({"page_content": "A text.", "metadata": {"source": "a/b.md", "page": 3}}, "A text.", "a/b.md"),
        ({"content": "A text.", "meta": {"file_path": "a/b.md"}}, "A text.", "a/b.md"),
        ({"_node_content": NODE, "_node_type": "TextNode", "ref_doc_id": "d"}, "A text.", "d"),
        ({"document": "A text.", "url": "https://x.example/y"}, "A text.", "https://x.example/y"),
        ({"text": "A text.", "source": "", "doc_id": 7}, "A text.", "7"),
        ({"text": "A text.", "source": True}, "A text.", None),
        ({"text": 5, "body": "A text."}, "A text.", None),
        ({"_node_content": "{", "source": "x"}, "", "x"),
        ({"_node_content": "[]"}, "", None),
        ({}, "", None),
    ],
)
def test_usual_places(payload: dict[str, Any], text: str, document: str | None) -> None:
    """The places that the frameworks use are known."""
    point = Layout().point("1", payload)
    assert (point.text, Layout().document_of(point)) == (text, document)
    assert not [key for key in point.values if key.startswith("_node")]


def test_named_places() -> None:
    """Keys that are named are the only ones that count."""
    payload = {"text": "Another.", "payload_text": "A text.", "book": "b", "source": "s"}
    layout = Layout("payload_text", "book")
    point = layout.point("1", payload)
    assert (point.text, layout.document_of(point)) == ("A text.", "b")
    assert Layout("none").point("1", {"text": "x", "_node_content": NODE}).text == ""
    assert Layout(apart=True).document_of(point) is None


def test_documents() -> None:
    """The points of a document come in the order of their pages, and of their places on a page; documents in the order
    of their first points. A document is not taken for a point whose id is its name.
    """
    with documents(Layout()) as found:
        for id, values in (
            ("1", {"source": "b", "page": 2, "chunk_index": 0}),
            ("2", {"source": "b", "page": 1, "chunk_index": 1}),
            ("b", {}),
            ("3", {"source": "a"}),
            ("4", {"source": "b", "page": 1, "chunk_index": 0}),
        ):
            found.add(Point(id, f"Text {id}\ud800.", values))
        found.add(Point("5", " \n", {"source": "a"}))
        assert found.without_text == 1
        assert found.listed() == [("b", True), ("b", False), ("a", True)]
        assert [each.id for each in found.document("b", named=True).points] == ["4", "2", "1"]
        assert found.document("b", named=False).points == (Point("b", "Text b?.", {}),)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("a", "x" * 512, ""),
        ("a", "x" * 513, "it is longer than 512 characters"),
        ("a" * 64, True, ""),
        ("a" * 65, 1, "its name is longer than 64 characters"),
        ("a", float("nan"), "it is no text, number or boolean"),
        ("a", None, "it is no text, number or boolean"),
        ("a", ["x"], "it is no text, number or boolean"),
    ],
)
def test_unfit(key: str, value: object, reason: str) -> None:
    """What an attribute cannot be is told."""
    assert unfit(key, value) == reason
