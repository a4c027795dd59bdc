from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vectorlog.embedding.windows import windows


@given(tokens=st.integers(0, 20_000), size=st.integers(3, 600), share=st.floats(0, 0.5))
def test_windows_cover_a_text_evenly(tokens: int, size: int, share: float) -> None:
    """No token is left out, no window is larger than the model's or shorter than another, neighbours overlap, none is
    needless.
    """
    overlap = int(size * share)
    found = windows(tokens, size, overlap)
    assert found[0].start == 0
    assert found[-1].stop == tokens
    assert len({len(window) for window in found}) == 1
    assert len(found[0]) <= size
    assert all(before.stop - after.start >= overlap for before, after in pairwise(found))
    assert len(found) == 1 or (len(found) - 1) * (size - overlap) + overlap < tokens
