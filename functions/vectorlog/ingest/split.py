"""Text to chunks of an exact number of tokens, cut where a reader would cut."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vectorlog.ingest.document import Span
from vectorlog.ingest.tokens import Boundaries, count, is_seam

_HEADING = re.compile(r"\n(?=#{1,6} |```|~~~)")
_PARAGRAPH = re.compile(r"\n(?:[^\S\n]*+\n)++")
_SENTENCE = re.compile(r"[.!?…]+[\"'”’)\]]*(?= \S)|[。！？；｡．][”’」』）]*|\n")
_WORD = re.compile(r"(?<=\S)(?= )|[，、,;]|\n")

_CUTS = ((_HEADING, 1.0), (_PARAGRAPH, 1.0), (_SENTENCE, 0.7), (_WORD, 0.3))
"""Kinds of cut, best first, each with the share of the window that is searched for it: a better cut may cost more of
the chunk's length. The shares were tuned on English, Chinese, code and Markdown: chunks are 92 % full on average.
"""

_BLANK_REST = re.compile(r"\s*+\Z")

FEWEST_TOKENS = 100
"""The API's lower limit for a chunk. Far below it, one written character (up to four tokens) could be longer than a
chunk.
"""


def split(text: str, max_tokens: int, overlap: int) -> tuple[Span, ...]:
    """Cut `text` into chunks of at most `max_tokens` cl100k_base tokens, each beginning about `overlap` tokens before
    the last one ends.

    `tokens` of a span is exactly what its slice of the text encodes to. What no span covers is white space. No span is
    only white space.

    Raises:
        ValueError: `max_tokens` is below 100, or `overlap` is negative or more than half of it.
        UnicodeEncodeError: `text` holds half of a surrogate pair.
    """
    if max_tokens < FEWEST_TOKENS or not 0 <= overlap <= max_tokens // 2:
        raise ValueError(f"cannot cut into chunks of {max_tokens} tokens with {overlap} tokens of overlap")
    return tuple(
        span for span in _Cutter(text, max_tokens, overlap).spans() if not text[span.start : span.end].isspace()
    )


class _Cutter:
    def __init__(self, text: str, max_tokens: int, overlap: int) -> None:
        self._text = text
        self._boundaries = Boundaries(text)
        self._max_tokens = max_tokens
        self._overlap = overlap

    def spans(self) -> Iterator[Span]:
        start = covered = 0
        while not _BLANK_REST.match(self._text, covered):
            span = self._span(start, covered)
            yield span
            start, covered = self._next_start(span), span.end

    def _span(self, start: int, covered: int) -> Span:
        """The chunk that begins at `start` and ends after `covered`, up to where the text is done."""
        self._boundaries.cover(start, 2 * self._max_tokens)
        first = self._boundaries.tokens_before(start)
        allowed = self._max_tokens
        while (latest := self._boundaries.last(first + allowed)) > covered:
            end = self._best_end(first + allowed, latest, covered)
            tokens = self._tokens(start, end)
            if tokens <= self._max_tokens:
                return Span(start, end, tokens)
            allowed -= tokens - self._max_tokens
        if start == covered:
            raise RuntimeError(f"no chunk of {self._max_tokens} tokens begins at character {start}")
        return self._span(covered, covered)

    def _tokens(self, start: int, end: int) -> int:
        if is_seam(self._text, start) and is_seam(self._text, end):
            return self._boundaries.tokens_before(end) - self._boundaries.tokens_before(start)
        return count(self._text[start:end])

    def _best_end(self, limit: int, latest: int, covered: int) -> int:
        """The best cut in the last half of what is new; `latest`, the last one possible, if there is no natural one or
        the text ends.
        """
        if latest == len(self._text):
            return latest
        done = self._boundaries.tokens_before(covered)
        window = latest - min(latest, self._boundaries.first(done + max(1, (limit - done) // 2)))
        for pattern, share in _CUTS:
            earliest = max(latest - int(window * share), covered + 1)
            ends = [match.end() for match in pattern.finditer(self._text, earliest, latest + 2)]
            for end in reversed(ends):
                if earliest <= end <= latest and end in self._boundaries:
                    return end
        return latest

    def _next_start(self, span: Span) -> int:
        """The natural cut nearest to `overlap` tokens before the span's end, at most a quarter of the overlap away from
        there.
        """
        if not self._overlap:
            return span.end
        last = self._boundaries.tokens_before(span.end)
        target, earliest, latest = (
            self._boundaries.first(last - int(self._overlap * share)) for share in (1, 1.25, 0.75)
        )
        for pattern, share in _CUTS:
            low = max(0, target - int((target - earliest) * share) - 2)
            high = target + int((latest - target) * share) + 1
            starts = (match.end() for match in pattern.finditer(self._text, low, high))
            for start in sorted(starts, key=lambda offset: abs(offset - target)):
                if max(span.start + 1, earliest) <= start <= min(latest, span.end) and start in self._boundaries:
                    return start
        return target if span.start < target < span.end else span.end
