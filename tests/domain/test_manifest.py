"""A batch's manifest, packed."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from vectorlog.domain import ids
from vectorlog.domain.chunking import AUTO, Chunking
from vectorlog.domain.manifest import INLINE_BYTES, BatchItem, inline, pack, read_inline, unpack

SCALARS = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text(st.characters(codec="utf-8")),
)
LISTED = st.builds(
    BatchItem,
    st.text("file-0aZ", min_size=1),
    st.dictionaries(st.text(st.characters(codec="utf-8")), SCALARS, max_size=3),
    st.one_of(st.just(AUTO), st.builds(Chunking, st.just("static"), st.integers(100, 4096), st.integers(0, 2048))),
)


def files(count: int) -> list[str]:
    return [ids.make("file", str(number).encode()) for number in range(count)]


@pytest.mark.random
@settings(max_examples=examples(100), deadline=None)
@given(st.lists(LISTED, max_size=20))
def test_round_trip(listed: list[BatchItem]) -> None:
    """Unpacking gives the files in their order, each with its own settings and their types."""
    back = unpack(pack(listed))
    assert back == tuple(listed)
    assert [repr(each) for each in back] == [repr(each) for each in listed]  # 1, 1.0 and True are distinguished


def test_settings_are_shared() -> None:
    """Two thousand files with the same long attributes take little more space than without."""
    noise = random.Random(0).randbytes(2000).hex()
    bare = pack([BatchItem(file) for file in files(2000)])
    shared = pack([BatchItem(file, {"note": noise}) for file in files(2000)])
    assert len(shared) < len(bare) + len(noise)


def test_inline_up_to_its_limit() -> None:
    """A manifest stays in its event while it fits; the limit is on the compressed bytes."""
    listed = [BatchItem(file) for file in files(50)]
    small = inline(listed, pack(listed))
    assert small is not None
    assert (small.count, small.object) == (50, None)
    assert read_inline(small.inline or "") == tuple(listed)
    assert inline(listed, b"x" * INLINE_BYTES) is not None
    assert inline(listed, b"x" * (INLINE_BYTES + 1)) is None


def test_two_thousand_files_do_not_fit() -> None:
    """The largest batch of random ids exceeds the limit and becomes an object."""
    listed = [BatchItem(file) for file in files(2000)]
    assert inline(listed, pack(listed)) is None
