"""Splitting: exact token counts, natural cuts, nothing lost."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from vectorlog.ingest.document import Span, Text
from vectorlog.ingest.split import split
from vectorlog.ingest.tokens import Boundaries, count, is_seam

_random = random.Random(7)
_WORDS = ["The", "log", "holds", "what", "happened;", "views", "say", "what", "is", "true", "now"]
_PROSE = "".join(
    " ".join(_random.choices(_WORDS, k=_random.randint(4, 30))) + _random.choice((". ", ".\n", ".\n\n"))
    for _ in range(1500)
)
_CHINESE = "".join(
    chr(_random.randint(0x4E00, 0x9FA5)) if _random.random() > 0.06 else _random.choice("，。\n") for _ in range(20_000)
)
_CODE = "\n\n\n".join(
    f"def f{n}(x: int) -> int:\n    if x > {n}:\n        return x - {n}\n\n    return {{'a': [x, {n}]}}"
    for n in range(600)
)
_LETTERS = "".join(_random.choices("abcdefghijklmnopqrstuvwxyz", k=40_000))
_TEXTS = {
    "prose": _PROSE,
    "windows prose with form feeds": _PROSE.replace("\n\n", "\n\f\n \t\n"),
    "chinese": _CHINESE,
    "code": _CODE,
    "one megabyte of one letter": "a" * 1_000_000,
    "random letters": _LETTERS,
    "one sign": "=" * 50_000,
    "emoji": "👩‍👩‍👧‍👦" * 3000,
    "combining": "e\u0301\u0302\u0303" * 5000,
    "arabic": "السلام عليكم ورحمة الله. " * 1500,
    "thai": "สวัสดีครับ" * 1500,
    "space in the middle": "x" + " " * 200_000 + "y",
    "separators": "a\x1c\x1d\x1e\x1f\x85\u2028\u3000b " * 3000,
    "special tokens": "<|endoftext|><|fim_prefix|> " * 3000,
    "astral": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 " * 2000,
}


def _check(text: str, max_tokens: int, overlap: int) -> tuple[Span, ...]:
    spans = split(Text(text), max_tokens, overlap)
    covered = 0
    for before, span in zip((None, *spans), spans, strict=False):
        assert count(text[span.start : span.end]) == span.tokens <= max_tokens
        assert text[covered : span.start].strip() == ""
        assert text[span.start : span.end].strip()
        assert span.end > covered
        assert before is None or before.start < span.start
        covered = span.end
    assert text[covered:].strip() == ""
    return spans


class TestSplit:
    @pytest.mark.parametrize(("max_tokens", "overlap"), [(800, 400), (100, 50), (4096, 0)])
    @pytest.mark.parametrize("name", _TEXTS)
    @pytest.mark.long
    def test_counts_are_exact_and_nothing_is_lost(self, name: str, max_tokens: int, overlap: int) -> None:
        """Every chunk has exactly the number of tokens that it states, at most the limit; only white space lies outside
        of chunks.
        """
        assert _check(_TEXTS[name], max_tokens, overlap)

    @given(
        pieces=st.lists(
            st.one_of(
                st.text(max_size=30),
                st.sampled_from(
                    [
                        "\n",
                        " \n\t\n",
                        "   ",
                        "\r\n",
                        "'s",
                        "1234",
                        "。",
                        "## ",
                        "```\n",
                        "👩‍👧",
                        "word ",
                        "x" * 300,
                        " " * 150,
                        "\x1c\n",
                    ]
                ),
            ),
            max_size=60,
        ),
        sizes=st.sampled_from([(100, 50), (100, 0), (100, 49), (137, 20)]),
    )
    @pytest.mark.random
    @settings(max_examples=examples(150), deadline=None)
    def test_counts_are_exact_for_any_text(self, pieces: list[str], sizes: tuple[int, int]) -> None:
        """The same for any mixture of characters, even where white space, signs and words meet in unusual ways."""
        _check("".join(pieces) * 4, *sizes)

    @pytest.mark.parametrize("text", ["", " ", "\n\t \r\n" * 1000, "\u3000\u2028"])
    def test_white_space_gives_no_chunk(self, text: str) -> None:
        """A text without content has no chunks."""
        assert split(Text(text), 800, 400) == ()

    def test_a_short_text_is_one_chunk(self) -> None:
        """A text that fits is not cut, and keeps its white space."""
        assert split(Text(" one two\n"), 800, 400) == (Span(0, 9, count(" one two\n")),)

    def test_a_text_of_exactly_the_limit_is_one_chunk(self) -> None:
        """The limit itself is allowed; one token more makes two chunks."""
        assert split(Text("hello" + " hello" * 99), 100, 0) == (Span(0, 599, 100),)
        assert len(split(Text("hello" + " hello" * 100), 100, 0)) == 2

    def test_overlap_is_near_what_was_asked(self) -> None:
        """Neighbours share about the overlap, within a quarter of it, and nothing without an overlap."""
        shared = [count(_PROSE[after.start : before.end]) for before, after in pairwise(split(Text(_PROSE), 800, 400))]
        assert all(290 <= tokens <= 510 for tokens in shared[:-1])
        assert all(before.end == after.start for before, after in pairwise(split(Text(_PROSE), 800, 0)))

    def test_chunks_are_well_filled(self) -> None:
        """Natural cuts cost little of a chunk's length: on average more than 85 % is used."""
        for text in (_PROSE, _CHINESE, _CODE):
            spans = split(Text(text), 800, 400)
            assert sum(span.tokens for span in spans[:-1]) / len(spans[:-1]) > 680

    def test_prose_is_cut_between_sentences(self) -> None:
        """No chunk of ordinary prose ends inside a sentence."""
        assert all(_PROSE[: span.end].rstrip().endswith(".") for span in split(Text(_PROSE), 800, 400))

    def test_a_heading_begins_a_chunk(self) -> None:
        """Markdown is cut before a heading if one is near."""
        text = "\n".join(f"## Part {n}\nSome words on part {n}." + " More words." * 40 for n in range(40))
        assert sum(text[span.start :].startswith("## Part") for span in split(Text(text), 300, 0)) > 15

    @pytest.mark.parametrize(("max_tokens", "overlap"), [(99, 0), (800, 401), (800, -1)])
    def test_sizes_outside_of_the_api_are_refused(self, max_tokens: int, overlap: int) -> None:
        """Sizes that the API refuses are refused here too."""
        with pytest.raises(ValueError, match="cannot cut"):
            split(Text("text"), max_tokens, overlap)

    def test_half_of_a_surrogate_pair_is_refused(self) -> None:
        """A string that UTF-8 cannot hold raises instead of being miscounted."""
        with pytest.raises(UnicodeEncodeError):
            split(Text("a\ud800b"), 800, 400)


class TestBoundaries:
    def test_pieces_give_the_tokens_of_the_whole(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Tokenizing piece by piece changes no count: numbers at every boundary are those of the whole text."""
        monkeypatch.setattr("vectorlog.ingest.tokens.PIECE", 500)
        for text in (_PROSE, _CODE, _CHINESE):
            boundaries = Boundaries(text)
            boundaries.cover(0, 4 * len(text))  # no character has more tokens
            assert boundaries.tokens_before(len(text)) == count(text)

    @given(st.text(alphabet=st.sampled_from("ab1' \n\r\t.。é👩\x1c\u3000"), max_size=40), st.integers(0, 40))
    @pytest.mark.random
    @settings(max_examples=examples(400), deadline=None)
    def test_a_seam_separates(self, text: str, offset: int) -> None:
        """At a reported seam, both sides together have exactly the tokens of the whole."""
        offset = min(offset, len(text))
        if is_seam(text, offset):
            assert count(text[:offset]) + count(text[offset:]) == count(text)
