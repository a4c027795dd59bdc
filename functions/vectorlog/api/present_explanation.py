"""Formats why a search found a chunk as a JSON object."""

from __future__ import annotations

from vectorlog.api.input.json_text import Json
from vectorlog.use_cases.explanation import Explanation


def explanation(why: Explanation) -> Json:
    """Why a chunk was found."""
    return {
        "cosine": why.cosine,
        "bm25": why.bm25,
        "match": why.shares.match,
        "shares": {"meaning": why.shares.meaning, "words": why.shares.words},
        "words": list(why.words),
    }
