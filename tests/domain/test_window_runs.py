from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vectorlog.domain.window_runs import row_of

windows = st.lists(st.sampled_from([b"a", b"b", b"c"]), min_size=1, max_size=4)


@given(st.lists(windows, max_size=8))
def test_every_chunk_has_its_windows(chunks: list[list[bytes]]) -> None:
    """Whatever is shared, the run of each chunk is what it was given."""
    starts, row = row_of(chunks)
    assert [row[start : start + len(each)] for start, each in zip(starts, chunks, strict=True)] == chunks
    assert len(row) <= sum(map(len, chunks))


def test_what_overlaps_is_kept_once() -> None:
    """Chunks of two pieces, each of which is in two chunks."""
    pieces = [[b"a1", b"a2"], [b"b1"], [b"c1", b"c2", b"c3"], [b"d1"]]
    chunks = [before + after for before, after in pairwise(pieces)]
    assert row_of(chunks) == ([0, 2, 3], [window for piece in pieces for window in piece])
    assert row_of([]) == ([], [])
