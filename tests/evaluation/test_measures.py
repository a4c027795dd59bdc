"""Measures are trec_eval's, and means say how sure they are."""

from __future__ import annotations

from math import log2

import pytest

from vectorlog.evaluation.measures import Result, answers, mean, measure, p_value
from vectorlog.evaluation.questions import Documents, Passage, Question

pytest.importorskip("pytrec_eval")


def results(*names: str) -> list[Result]:
    return [Result(f"file-{name}", name, f"text of {name}") for name in names]


def test_documents() -> None:
    """By hand: b (grade 2) is second and a (grade 1) fourth, where c stands twice and counts once."""
    question = Question("q", "", Documents({"a": 1, "b": 2, "missing": 1}))
    found = measure(question, results("c.txt", "c.txt", "b.txt", "d.txt", "a.txt"))
    ideal = 2 / log2(2) + 1 / log2(3) + 1 / log2(4)
    assert found == pytest.approx({"nDCG@10": (2 / log2(3) + 1 / log2(5)) / ideal, "MRR@10": 1 / 2, "recall@10": 2 / 3})


def test_documents_by_id_or_filename() -> None:
    """A judged document may be named by its filename, that without extension, or the file's id."""
    for name in ("a.txt", "a", "file-a.txt"):
        assert measure(Question("q", "", Documents({name: 1})), results("b.txt", "a.txt"))["MRR@10"] == 0.5


def test_ten() -> None:
    """Only ten results count."""
    names = [f"{place}.txt" for place in range(12)]
    assert measure(Question("q", "", Documents({"9": 1})), results(*names))["MRR@10"] == pytest.approx(0.1)
    assert set(measure(Question("q", "", Documents({"10": 1})), results(*names)).values()) == {0.0}


def test_passages() -> None:
    found = [
        Result("f1", "a.md", "nothing"),
        Result("f2", "a.md", "The limit is 12 bar."),
        Result("f3", "b.md", "12 bar"),
    ]
    question = Question("q", "", Passage(("12 bar",)))
    assert measure(question, found) == {"hit@1": 0.0, "hit@3": 1.0, "MRR@10": 0.5}
    elsewhere = Question("q", "", Passage(("12 bar",), ("b.md",)))
    assert measure(elsewhere, found)["MRR@10"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("question", [Question("q", "", Documents({"a": 1})), Question("q", "", Passage(("a",)))])
def test_no_results(question: Question) -> None:
    assert set(measure(question, []).values()) == {0.0}


@pytest.mark.parametrize(
    ("text", "wanted", "holds"),
    [
        ("the 12 bar limit", "12 BAR", True),
        ("112 bar", "12 bar", False),
        ("12 bars", "12 bar", False),
        ("l\u2019\ufb01let", "l'filet", True),
        ("a\n | b", "a b", True),
        ("--no-cache", "--no-cache", True),
    ],
)
def test_whole_words_in_any_form(text: str, wanted: str, holds: bool) -> None:
    assert answers(Result("f", "a.md", text), Passage((wanted,))) is holds


def test_interval() -> None:
    """The interval holds the mean, narrows with more questions, and is a point where all are alike."""
    few, many = mean([0.0, 1.0] * 10), mean([0.0, 1.0] * 1_000)
    assert few.value == many.value == 0.5
    assert few.low < many.low < 0.5 < many.high < few.high
    assert mean([1.0, 1.0]) == mean([1.0])
    assert (mean([1.0]).low, mean([1.0]).high) == (1.0, 1.0)


def test_difference() -> None:
    """A difference in the same direction everywhere is no chance; one in both directions is."""
    assert p_value([0.1] * 20, [0.2] * 20) < 0.001
    assert p_value([0.1, 0.2] * 10, [0.2, 0.1] * 10) > 0.9
