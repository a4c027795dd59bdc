"""The words by which queries find a text."""

from __future__ import annotations

import pytest

from vectorlog.index.analyser.matched import MOST_WORDS, matched_words


@pytest.mark.parametrize(
    ("queries", "text", "words"),
    [
        (["hotel limits"], "Hotels have a limit.", {"Hotels", "limit"}),
        (["zurich"], "In Zürich", {"Zürich"}),
        (["ERR-2043"], "It said ERR_2043.", {"ERR_2043"}),
        (["東京"], "東京都は大きい", {"東京"}),
        (["owls", "foxes"], "An owl and a fox", {"owl", "fox"}),
        (["the and of"], "The end of the day", set()),
        (["hotle"], "A hotel by the lake", {"hotel"}),
        (["hotle lake"], "A hotel by the lake", {"lake"}),
        (["owl"], "", set()),
        ([""], "owl", set()),
    ],
)
def test_words_as_the_text_has_them(queries: list[str], text: str, words: set[str]) -> None:
    """A word is told in the form that the text has, whatever made it match; words that are no terms are not."""
    assert set(matched_words(queries, text)) == words


def test_the_weightiest_first_and_not_too_many() -> None:
    """Codes come before words, a word counts once whatever its capitals, and a list has an end."""
    assert matched_words(["owl K735"], "Owl owl OWL K735")[0].casefold() == "k735"
    assert len(matched_words(["owl K735"], "Owl owl OWL K735")) == 2
    many = " ".join(f"word{number}" for number in range(200))
    assert len(matched_words([many], many)) == MOST_WORDS
