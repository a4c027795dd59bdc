"""Analysis of English: the expected terms are those of Lucene's EnglishAnalyzer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from vectorlog.index.english import STOP_WORDS, stem, terms, words


class TestWords:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Hello, World!", ["hello", "world"]),
            ("don't stop", ["don't", "stop"]),
            ("'quoted' words", ["quoted", "words"]),
            ("3.14 and 1,000,000 or 1, 2", ["3.14", "and", "1,000,000", "or", "1", "2"]),
            ("see example.com. Next", ["see", "example.com", "next"]),
            ("state-of-the-art a/b", ["state", "of", "the", "art", "a", "b"]),
            ("snake_case p53", ["snake_case", "p53"]),
            ("v1.x", ["v1", "x"]),
            ("Ünïcode naïve", ["ünïcode", "naïve"]),
            ("cafe\u0301 noir", ["cafe\u0301", "noir"]),
            ("\u0939\u093f\u0928\u094d\u0926\u0940", ["\u0939\u093f\u0928\u094d\u0926\u0940"]),
            ("東京 tower", ["東", "京", "tower"]),
            ("", []),
            ("… — !", []),
        ],
    )
    def test_words_are_cut_as_unicode_says(self, text: str, expected: list[str]) -> None:
        """Words of any script are found, in lower case; points and commas inside numbers and names do not split
        them.
        """
        assert words(text) == expected

    def test_ascii_takes_the_same_way(self) -> None:
        """A text is split the same way with and without a non-ASCII character next to it."""
        text = "It's 3.14, v1.x or foo.bar:baz; a_b 1,5 x,y U.S.A. o'neil's 'tis 10's"
        assert words(text + " é") == [*words(text), "é"]


class TestStem:
    @pytest.mark.parametrize(
        ("word", "expected"),
        [
            ("company's", "compani"),
            ("company\u2019s", "compani"),
            ("companies", "compani"),
            ("running", "run"),
            ("relational", "relat"),
            ("flies", "fli"),
            ("don't", "don't"),
            ("3.14", "3.14"),
            ("the", None),
            ("the's", None),
            ("___", None),
        ],
    )
    def test_stems(self, word: str, expected: str | None) -> None:
        """Possessive, then stop words, then Porter's stemmer."""
        assert stem(word) == expected

    def test_stop_words_are_lucenes(self) -> None:
        """There are 33 of them; "from" and "we" are not among them."""
        assert len(STOP_WORDS) == 33
        assert not STOP_WORDS & {"from", "we", "has"}


class TestTerms:
    def test_counts_by_stem(self) -> None:
        """Forms of one word count together, and stop words do not count at all."""
        assert sorted(terms("The fox and foxes, a FOX's dog").values()) == [1, 3]
        assert terms("Foxes") == terms("fox")
        assert not terms("to be or not to be")

    def test_a_long_word_is_a_word(self) -> None:
        """Words too long for the cache give the same term each time."""
        assert terms("x" * 5_000) == terms("X" * 5_000)
        assert len(terms("x" * 5_000 + " " + "x" * 4_999)) == 2

    def test_threads_agree(self) -> None:
        """Analysis in several threads at a time has the same result as in one."""
        texts = [" ".join(f"{word}{i}s" for word in ("running", "nation", "probab")) for i in range(300)]
        with ThreadPoolExecutor(8) as threads:
            together = list(threads.map(terms, texts))
        assert together == [terms(text) for text in texts]
