"""Words that no text has are read as what was probably meant."""

from __future__ import annotations

import pytest

from vectorlog.index.analyser.spelling import MEANT, MOST_WORDS, other_spellings, respelt
from vectorlog.index.analyser.terms import query_terms, terms


def read_as(query: str, *texts: str) -> set[str]:
    """The terms that a query has once its words are read as the texts have them."""
    frequencies = dict[str, int]()
    for text in texts:
        for term in terms(text):
            frequencies[term] = frequencies.get(term, 0) + 1
    asked = query_terms(query)
    return set(respelt(asked, other_spellings(asked, frequencies), frequencies).weights)


@pytest.mark.parametrize("written", ["relesed", "realeased", "reelased", "releaded", "rreleased"])
def test_one_slip(written: str) -> None:
    """A letter that is left out, added, replaced or swapped does not matter."""
    assert read_as(written, "The room is released.") >= {"releas", "released"}


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("bills", "He fills the tank."),  # the first letter is taken to be right
        ("meat", "We meet."),  # too short
        ("releasing", "The room is released."),  # known by its stem
        ("K7351", "K7350"),  # not a word
        ("reelaesd", "The room is released."),  # two slips
    ],
)
def test_what_is_no_slip(written: str, text: str) -> None:
    """Words that are short, known by any of their forms, or further away stay as they are."""
    assert read_as(written, text) == set(query_terms(written).weights)


def test_the_most_frequent_word_is_meant() -> None:
    """Of several, the one that most texts have is taken."""
    found = read_as("recipt", "receipt", "receipt of goods", "recipe", "recip")
    assert "receipt" in found
    assert "recipe" not in found


def test_it_weighs_less_than_what_was_written() -> None:
    """A word that was guessed counts less than one that was written, and its text is that of the query."""
    asked, frequencies = query_terms("room relesed"), {"room": 3, "released": 1, "releas": 1}
    query = respelt(asked, other_spellings(asked, frequencies), frequencies)
    assert query.weights["releas"] == pytest.approx(MEANT * query.weights["room"] * 0.8)
    assert query.own["releas"] == query.own["room"] == 1
    assert "relesed" not in query.own


def test_work_is_bounded() -> None:
    """Only the first unknown words of a long query are looked up."""
    query = query_terms(" ".join(f"unheard{chr(97 + i)}{chr(97 + j)}" for i in range(20) for j in range(20)))
    assert len(other_spellings(query, {})) == MOST_WORDS


@pytest.mark.parametrize("word", ["acgt" * 1_000, "z" * 25, "".join(map(chr, range(0xA000, 0xA400)))])
def test_words_that_nobody_types(word: str) -> None:
    """A sequence of letters, or of signs of a script with hundreds of them, has no other spellings."""
    assert not other_spellings(query_terms(word), {})


def test_few_spellings() -> None:
    """Even the longest word has few."""
    ((spellings),) = other_spellings(query_terms("abcdefghijklmnopqrstuvwx"), {}).values()
    assert len(spellings) < 1_300


def test_letters_of_other_scripts() -> None:
    """Letters of a word in another script may be swapped or left out."""
    assert read_as("\u0627\u0644\u0645\u062b\u0642\u0627\u0628", "\u0627\u0644\u0645\u062b\u0627\u0642\u0628") & set(
        terms("\u0627\u0644\u0645\u062b\u0627\u0642\u0628")
    )
