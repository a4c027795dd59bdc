"""Splits text into chunks with exact token counts, at the beginnings of blocks where possible."""

from __future__ import annotations

from collections.abc import Iterator

from vectorlog.ingest.cuts import cuts
from vectorlog.ingest.document import Span, Text
from vectorlog.ingest.lead_ins import SHARE, LeadIn, LeadIns
from vectorlog.ingest.tokens import NEWLINE_FOLLOWS, Boundaries, count, is_seam

FEWEST_TOKENS = 100
"""The API's minimum for the size of a chunk. It is far more than the tokens of one character (up to four)."""


def split(text: Text, max_tokens: int, overlap: int) -> tuple[Span, ...]:
    """Splits a text into chunks of at most `max_tokens` cl100k_base tokens, lead-ins included, each starting about
    `overlap` tokens before the end of the previous one.

    The `tokens` of a span is the exact token count of its slice of the text. Text outside all spans is white space, and
    no span is white space only.

    Raises:
        ValueError: `max_tokens` is below 100, or `overlap` is negative or more than half of `max_tokens`.
        UnicodeEncodeError: `text` has half of a surrogate pair.
    """
    if max_tokens < FEWEST_TOKENS or not 0 <= overlap <= max_tokens // 2:
        raise ValueError(f"cannot cut into chunks of {max_tokens} tokens with {overlap} tokens of overlap")
    return tuple(
        span for span in _Cutter(text, max_tokens, overlap).spans() if not text.text[span.start : span.end].isspace()
    )


class _Cutter:
    def __init__(self, text: Text, max_tokens: int, overlap: int) -> None:
        self._text = text.text
        self._cuts = cuts(text)
        self._lead_ins = LeadIns(text, int(max_tokens * SHARE))
        self._boundaries = Boundaries(text.text)
        self._max_tokens = max_tokens
        self._overlap = overlap
        self._filled = len(text.text.rstrip())
        """Where the last character ends that is not white space."""

    def spans(self) -> Iterator[Span]:
        start = covered = 0
        while covered < self._filled:
            span = self._span(start, covered)
            yield span
            start, covered = self._next_start(span, covered), span.end

    def _span(self, start: int, covered: int) -> Span:
        """Returns a chunk that begins at `start` and ends after `covered`, the end of the previous chunk.

        If no such chunk is short enough, it begins at `covered`, without overlap.
        """
        self._boundaries.cover(start, 2 * self._max_tokens)
        first = self._boundaries.tokens_before(start)
        lead_in = self._lead_ins.before(start, self._boundaries.last(first + self._max_tokens))
        allowed = self._max_tokens - lead_in.tokens
        while (latest := self._boundaries.last(first + allowed)) > covered:
            end = self._best_end(first + allowed, latest, covered)
            tokens, after = self._tokens(start, end), self._lead_ins.after(end)
            shown = self._shown(lead_in, start, end, after, tokens)
            if shown <= self._max_tokens:
                return Span(start, end, tokens, lead_in.text, after)
            allowed -= shown - self._max_tokens
        if start == covered:
            raise RuntimeError(f"no chunk of {self._max_tokens} tokens begins at character {start}")
        return self._span(covered, covered)

    def _tokens(self, start: int, end: int) -> int:
        if is_seam(self._text, start) and is_seam(self._text, end):
            return self._boundaries.tokens_before(end) - self._boundaries.tokens_before(start)
        return count(self._text[start:end])

    def _shown(self, lead_in: LeadIn, start: int, end: int, after: str, tokens: int) -> int:
        """Returns the number of tokens of a passage, which has `tokens` itself, with what is shown around it."""
        if not after and (not lead_in.text or not NEWLINE_FOLLOWS.match(self._text, start)):
            return lead_in.tokens + tokens
        return count(lead_in.text + self._text[start:end] + after)

    def _best_end(self, limit: int, latest: int, covered: int) -> int:
        """Returns the best natural cut in the second half of the text after `covered`.

        If there is none, as in white space, or if the chunk reaches the end of the text, it returns `latest`, the last
        possible end.
        """
        if latest == len(self._text):
            return latest
        covered_tokens = self._boundaries.tokens_before(covered)
        window = latest - min(latest, self._boundaries.first(covered_tokens + max(1, (limit - covered_tokens) // 2)))
        if self._text[latest - window : latest].isspace():
            return latest
        for find, share in self._cuts:
            earliest = max(latest - int(window * share), covered + 1)
            for end in reversed(find(earliest, latest + 2)):
                if earliest <= end <= latest and end in self._boundaries:
                    return end
        return latest

    def _next_start(self, span: Span, covered: int) -> int:
        """Returns where the previous chunk ended, `covered`, or else the natural cut nearest to `overlap` tokens before
        the span's end, if one is within a quarter of the overlap from there.

        Chunks that begin where others end are cut into the same windows.
        """
        if not self._overlap:
            return span.end
        last = self._boundaries.tokens_before(span.end)
        target, earliest, latest = (
            self._boundaries.first(last - int(self._overlap * share)) for share in (1, 1.25, 0.75)
        )
        if self._text[earliest:latest].isspace():
            return span.end
        if max(span.start + 1, earliest) <= covered <= min(latest, span.end):
            return covered
        for find, share in self._cuts:
            low = max(0, target - int((target - earliest) * share) - 2)
            high = target + int((latest - target) * share) + 1
            for start in sorted(find(low, high), key=lambda offset: abs(offset - target)):
                if max(span.start + 1, earliest) <= start <= min(latest, span.end) and start in self._boundaries:
                    return start
        return target if span.start < target < span.end else span.end
