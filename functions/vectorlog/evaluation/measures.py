"""Measures of rankings: trec_eval's, as means with confidence intervals, and the test of whether two runs differ."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import assert_never

import numpy as np

from vectorlog.evaluation.questions import Documents, Passage, Question
from vectorlog.index.analyser.folding import folded

DEPTH = 10
"""How many results of a question are looked at."""
_SAMPLES = 10_000
_SEED = 0
_TREC = {f"nDCG@{DEPTH}": f"ndcg_cut_{DEPTH}", f"MRR@{DEPTH}": "recip_rank", f"recall@{DEPTH}": f"recall_{DEPTH}"}
_TREC_PASSAGE = {"hit@1": "success_1", "hit@3": "success_3", f"MRR@{DEPTH}": "recip_rank"}

Measured = Mapping[str, float]
"""The measures of one question, from 0 to 1, by name."""


@dataclass(frozen=True, slots=True)
class Result:
    """A search result, as far as judging needs it."""

    file: str
    filename: str
    text: str


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over questions, and its 95 % confidence interval by bootstrap."""

    value: float
    low: float
    high: float


def measure(question: Question, results: Sequence[Result]) -> Measured:
    """Returns nDCG, MRR and recall where documents are judged, and hits and MRR where passages are.

    A document counts once, at its first result; its id is a filename, a filename without extension, or a file's id.
    """
    match question.judgement:
        case Documents(grades):
            ranked = list(dict.fromkeys(_document(each, grades) for each in results[:DEPTH]))
            return _trec(_TREC, grades, ranked)
        case Passage() as passage:
            hits = {str(place): 1 for place, each in enumerate(results[:DEPTH]) if answers(each, passage)}
            return _trec(_TREC_PASSAGE, hits or {"missing": 1}, [str(place) for place in range(len(results[:DEPTH]))])
        case other:
            assert_never(other)


def answers(result: Result, passage: Passage) -> bool:
    """Whether a result holds all texts of a passage, as whole words, whatever the form and case of their letters."""
    if passage.files and _folded(result.filename) not in map(_folded, passage.files):
        return False
    text = _folded(result.text)
    return all(_words(each).search(text) is not None for each in passage.texts)


def mean(values: Sequence[float]) -> Mean:
    """The mean of one or more values. The interval is the same for the same values."""
    if len(set(values)) == 1:
        return Mean(values[0], values[0], values[0])
    from scipy.stats import bootstrap  # type: ignore[import-untyped]

    found = bootstrap((values,), np.mean, n_resamples=_SAMPLES, method="percentile", rng=_SEED, batch=1_000)
    return Mean(float(np.mean(values)), float(found.confidence_interval.low), float(found.confidence_interval.high))


def p_value(before: Sequence[float], after: Sequence[float]) -> float:
    """How likely a difference of means as large as this one would be by chance (Fisher's paired randomisation test)."""
    from scipy.stats import permutation_test

    def difference(first: np.ndarray, second: np.ndarray, axis: int) -> np.ndarray:
        found: np.ndarray = np.mean(second, axis=axis) - np.mean(first, axis=axis)
        return found

    found = permutation_test(
        (before, after), difference, permutation_type="samples", n_resamples=_SAMPLES, rng=_SEED, batch=1_000
    )
    return float(found.pvalue)


def _trec(names: Mapping[str, str], grades: Mapping[str, int], ranked: Sequence[str]) -> Measured:
    from pytrec_eval import RelevanceEvaluator

    evaluator = RelevanceEvaluator({"q": dict(grades)}, {re.sub(r"_(\d+)$", r".\1", each) for each in names.values()})
    # trec_eval puts equal scores into an order of its own, and answers nothing for a question without results.
    run = {each: float(-place) for place, each in enumerate(ranked)} or {"": 0.0}
    found = evaluator.evaluate({"q": run})["q"]
    return {name: found[key] for name, key in names.items()}


def _document(result: Result, grades: Mapping[str, int]) -> str:
    stem = result.filename.rpartition(".")[0]
    return next((each for each in (result.filename, stem, result.file) if each in grades), result.filename)


def _folded(text: str) -> str:
    return " ".join(folded(text).casefold().replace("|", " ").split())


@lru_cache(1024)
def _words(text: str) -> re.Pattern[str]:
    words = _folded(text)
    left = r"(?<!\w)" if words[:1].isalnum() else ""
    right = r"(?!\w)" if words[-1:].isalnum() else ""
    return re.compile(left + re.escape(words) + right)
