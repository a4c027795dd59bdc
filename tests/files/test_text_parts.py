"""A part of a long text is read without the rest."""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from vectorlog.domain.location import Location
from vectorlog.files import artefact, text_parts
from vectorlog.files.artefact import Details
from vectorlog.files.blobs import NoSuchBlob
from vectorlog.files.by_size import BlobsBySize

WHERE = ("vs_1", "file-1", 1)


class Watched(BlobsBySize):
    """Counts the bytes of the text that are read."""

    read_bytes = 0

    def read(self, key: str) -> bytes:
        found = super().read(key)
        self.read_bytes += len(found) if key.endswith(artefact.TEXT) else 0
        return found

    def slice(self, key: str, start: int, end: int) -> bytes:
        found = super().slice(key, start, end)
        self.read_bytes += len(found) if key.endswith(artefact.TEXT) else 0
        return found


@pytest.fixture
def blobs(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path / "blobs", tmp_path / "staging", tmp_path / "blobs.db")
    yield made
    made.rows.close()


def store(blobs: Watched, text: str, *, details: bool = True, size: int = 700) -> None:
    """Stores a text in parts of four chunks each, which overlap; what is before and behind the chunks is in none."""
    spans = [(start, min(start + size, len(text) - 30)) for start in range(20, len(text) - 30, size - 50)]
    items = [artefact.text_item(*WHERE, text)]
    for first in range(0, len(spans), 4):
        some = spans[first : first + 4]
        byte = len(text[: some[0][0]].encode())
        end = byte + len(text[some[0][0] : some[-1][1]].encode())
        told = Details([1] * len(some), [Location(*span) for span in some], (byte, end)) if details else None
        vectors = [(array("f", [0.5, 0.5]),)] * len(some)
        items.append(artefact.part_item(*WHERE, first, some, vectors, told))
    blobs.put(items)


@pytest.mark.parametrize("details", [True, False])
@pytest.mark.parametrize("whole", [0, 10**9])
def test_any_part(blobs: Watched, monkeypatch: pytest.MonkeyPatch, details: bool, whole: int) -> None:
    """Any part is the same as that of the whole text, with characters of one to four bytes."""
    monkeypatch.setattr(text_parts, "WHOLE", whole)
    source = random.Random(1)
    text = "".join(source.choice("aé€😀 ") for _ in range(20_000))
    store(blobs, text, details=details)
    for first in (0, 5, 19, 20, 699, 700, 10_000, 19_960, 19_999, 20_000, 99_999, *source.sample(range(20_000), 30)):
        limit = source.choice([1, 7, 300, 5_000, 30_000])
        found = text_parts.read(blobs, *WHERE, first, limit)
        assert (found.text, found.first, found.characters) == (text[first : first + limit], first, 20_000)


def test_little_is_read(blobs: Watched) -> None:
    """Of a text of 3 MB, a small part costs some tens of KB, wherever it is."""
    text = "".join(f"line {number} é\n" for number in range(220_000))
    store(blobs, text)
    for first in (0, len(text) // 2, len(text) - 100):
        blobs.read_bytes = 0
        assert text_parts.read(blobs, *WHERE, first, 1_000).text == text[first : first + 1_000]
        assert blobs.read_bytes < 30_000


def test_without_a_text(blobs: Watched) -> None:
    """A generation that is gone has none."""
    with pytest.raises(NoSuchBlob):
        text_parts.read(blobs, *WHERE, 0, 10)
