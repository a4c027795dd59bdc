from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.context import windows as texts_of
from vectorlog.ingest.document import Document, Span, Text
from vectorlog.ingest.grid import SIZE, windows
from vectorlog.ingest.split import split
from vectorlog.ingest.tokens import count

SENTENCE = "The pump of hall {} was repaired on the {}th of May, and its gasket was changed. "
BOOK = "\n\n".join("".join(SENTENCE.format(hall, day) for day in range(1, 8)) for hall in range(60))

words = st.lists(
    st.sampled_from(["pump", " ", "\n", "\n\n", ". ", "契約。", "a" * 50, "é", "\t", "# Head\n"]), max_size=400
)
sizes = st.sampled_from([(100, 0), (100, 50), (120, 30), (800, 400)])


def run(window_starts: list[tuple[int, int]], span: Span) -> list[tuple[int, int]]:
    return [(start, end) for start, end in window_starts if span.start <= start and end <= span.end]


@settings(max_examples=200, deadline=None)
@given(words, sizes, st.sampled_from([8, 40, SIZE]))
def test_nothing_of_a_chunk_is_in_no_window(parts: list[str], chunking: tuple[int, int], size: int) -> None:
    """The windows of a chunk lie side by side from its first character to its last."""
    text = Text("".join(parts))
    spans = split(text, *chunking)
    made = windows(text, spans, size)
    places = [(window.start, window.end) for window in made]
    assert places == sorted(places)
    assert all(end <= start for (_, end), (start, _) in pairwise(places))
    for number, span in enumerate(spans):
        own = run(places, span)
        assert own[0][0] == span.start
        assert own[-1][1] == span.end
        assert all(end == start for (_, end), (start, _) in pairwise(own))
        document = Document(text.text, (), spans, windows=made)
        assert "".join(texts_of(document, number)) == text.text[span.start : span.end]


def test_each_token_is_embedded_once() -> None:
    """With chunks of 800 tokens that overlap by 400, the windows of a book have about as many tokens as the book, and
    neighbouring chunks share them.
    """
    text = Text(BOOK)
    spans = split(text, 800, 400)
    made = windows(text, spans)
    chunks = sum(span.tokens for span in spans)
    assert chunks > 1.8 * count(BOOK)
    assert sum(count(BOOK[window.start : window.end]) for window in made) < 1.02 * count(BOOK)
    assert max(count(BOOK[window.start : window.end]) for window in made) <= 1.25 * SIZE
    assert len(made) < 2.5 * count(BOOK) / SIZE


def test_windows_end_between_sentences() -> None:
    """Where sentences are short enough, none is cut."""
    text = Text(BOOK)
    for window in windows(text, split(text, 800, 400)):
        assert BOOK[window.start : window.end].strip().startswith("The pump")
        assert BOOK[window.start : window.end].rstrip().endswith(("changed.", "changed"))


def test_each_window_has_its_own_lead_in() -> None:
    """A window inside of a section says which, whatever chunks it is in."""
    document = DocumentBuilder()
    for hall in ("Northgate", "Westmere"):
        document.heading(1, hall)
        document.paragraph(SENTENCE.format(hall, 1) * 60)
    text = document.build()
    spans = split(text, 800, 400)
    made = windows(text, spans)
    for window in made:
        hall = "Westmere" if window.start >= text.text.index("# Westmere") else "Northgate"
        assert window.before in ("", f"{hall}\n\n")
        assert (window.before == "") == text.text.startswith("# ", window.start)
