"""Parts of an artefact, of all versions."""

from __future__ import annotations

import json
import struct
from array import array
from pathlib import Path

import pytest

from vectorlog.domain.location import Location
from vectorlog.domain.vectors import NO_FRAME, Frame
from vectorlog.files import artefact, part_files, pieces
from vectorlog.files.artefact import Details
from vectorlog.files.folder import FolderBlobs

TEXT = "Größe „eins“ – two\nthree ütte\nfour"
SPANS = [(0, 12), (8, 19), (19, 30), (30, 34)]
VECTORS = [(array("f", [1.0, 0.0]),)] * 4
WHERE = [Location(start, end, 1, 2, None, ("A",)) for start, end in SPANS]


class Watched(FolderBlobs):
    """Counts whole reads."""

    reads = 0

    def read(self, key: str) -> bytes:
        self.reads += 1
        return super().read(key)


@pytest.fixture
def blobs(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "blobs", tmp_path / "staging")


def stored(blobs: FolderBlobs, *, details: bool, size: int = 2) -> None:
    """Stores the chunks in parts of this size."""
    items = [artefact.text_item("vs_1", "file-1", 1, TEXT)]
    for first in range(0, 4, size):
        spans = SPANS[first : first + size]
        start = len(TEXT[: spans[0][0]].encode())
        in_bytes = start, start + len(TEXT[spans[0][0] : spans[-1][1]].encode())
        known = Details([3] * len(spans), WHERE[first : first + size], in_bytes) if details else None
        items.append(artefact.part_item("vs_1", "file-1", 1, first, spans, VECTORS[: len(spans)], known))
    blobs.put(items)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("details", [False, True])
def test_pieces(blobs: Watched, details: bool, size: int) -> None:
    """Any range of chunks is read back, with tokens and locations if the part has them, without reading all."""
    stored(blobs, details=details, size=size)
    for start in range(5):
        for limit in range(1, 5):
            found = list(pieces.read_pieces(blobs, "vs_1", "file-1", 1, start, limit))
            wanted = range(start, min(4, start + limit))
            assert [each.n for each in found] == list(wanted)
            assert [each.text for each in found] == [TEXT[slice(*SPANS[n])] for n in wanted]
            assert [each.tokens for each in found] == [3 if details else None for n in wanted]
            assert [each.location for each in found] == [WHERE[n] if details else None for n in wanted]
    if details:
        assert blobs.reads == 0


@pytest.mark.parametrize("details", [False, True])
def test_chunks(blobs: Watched, details: bool) -> None:
    """An index is filled with locations, or without where the part is of the first version."""
    stored(blobs, details=details)
    chunks = [chunk for part in artefact.read_parts(blobs, "vs_1", "file-1", 1) for chunk in part]
    assert [chunk.location for chunk in chunks] == (WHERE if details else [None] * 4)
    assert [chunk.vectors for chunk in chunks] == VECTORS


def test_a_long_line(blobs: Watched) -> None:
    """A part whose line is longer than what is read first is read whole."""
    where = [Location(0, 12, headings=("x" * 70_000,))]
    blobs.put([artefact.text_item("vs_1", "file-1", 1, TEXT)])
    blobs.put([artefact.part_item("vs_1", "file-1", 1, 0, SPANS[:1], VECTORS[:1], Details([3], where, (0, 18)))])
    [piece] = pieces.read_pieces(blobs, "vs_1", "file-1", 1, 0, 9)
    assert piece.location == where[0]


def test_frames(blobs: Watched) -> None:
    """What stands around chunks is kept, equal frames once; a part of an earlier version has none."""
    frames = [Frame("Malta\n\n", "", "a.csv"), NO_FRAME, Frame("Malta\n\n", "", "a.csv"), Frame(after="\n```")]
    details = Details([3] * 4, WHERE, (0, len(TEXT.encode())), frames)
    key, body = artefact.part_item("vs_1", "file-1", 1, 0, SPANS, VECTORS, details)
    blobs.put([artefact.text_item("vs_1", "file-1", 1, TEXT), (key, body)])
    assert [each.frame for each in pieces.read_pieces(blobs, "vs_1", "file-1", 1, 0, 9)] == frames
    [chunks] = artefact.read_parts(blobs, "vs_1", "file-1", 1)
    assert [each.frame for each in chunks] == frames
    assert chunks[0].shown == "Malta\n\n" + TEXT[:12]
    assert chunks[0].searched == "a.csv\nMalta\n\n" + TEXT[:12]
    assert body.count(b"a.csv") == 1
    stored(blobs, details=True)
    assert [each.frame for each in pieces.read_pieces(blobs, "vs_1", "file-1", 1, 0, 9)] == [NO_FRAME] * 4


def test_the_version_of_a_part(blobs: Watched) -> None:
    """A generation that an earlier version made, or of which there is nothing, is not current."""
    assert not artefact.is_current(blobs, "vs_1", "file-1", 1)
    stored(blobs, details=False)
    assert not artefact.is_current(blobs, "vs_1", "file-1", 1)
    stored(blobs, details=True)
    assert artefact.is_current(blobs, "vs_1", "file-1", 1)


def test_shared_vectors_are_kept_once(blobs: Watched, tmp_path: Path) -> None:
    """Vectors that a chunk shares with the one before are stored once; a part of version 3, without, is read too."""
    a, b, c, d = (array("f", [float(number), 0.5]) for number in range(4))
    vectors = [(a, b), (b, c), (b, c), (d,)]
    details = Details([3] * 4, WHERE, (0, len(TEXT.encode())))
    key, body = artefact.part_item("vs_1", "file-1", 1, 0, SPANS, vectors, details)
    line, _, packed = body.partition(b"\n")
    header = json.loads(line)
    assert (header["version"], len(packed)) == (4, 4 * 2 * 2)
    old = header | {"version": 3}
    del old["starts"]
    apart = struct.pack("<14e", *(number for windows in vectors for vector in windows for number in vector))
    for each in (body, json.dumps(old).encode() + b"\n" + apart):
        blobs.put([artefact.text_item("vs_1", "file-1", 1, TEXT), (key, each)])
        [chunks] = artefact.read_parts(blobs, "vs_1", "file-1", 1)
        assert [chunk.vectors for chunk in chunks] == vectors
        part = tmp_path / "part"
        part.write_bytes(each)
        assert part_files.whole_chunks_in(part) == 4
        part.write_bytes(each[:-1])
        assert part_files.whole_chunks_in(part) is None


def test_a_part_beside_a_later_text(blobs: Watched) -> None:
    """A part of a try that died beside the text of the next one, which read the file differently, is read as something
    else, even if it begins in the middle of a character.
    """
    for first in (0, 2):
        details = Details([3] * 2, WHERE[first : first + 2], (1, 3))
        spans, vectors = SPANS[first : first + 2], VECTORS[first : first + 2]
        blobs.put([artefact.part_item("vs_1", "file-1", 1, first, spans, vectors, details)])
    blobs.put([artefact.text_item("vs_1", "file-1", 1, "\u20ac" * 9)])
    chunks = [chunk for part in artefact.read_parts(blobs, "vs_1", "file-1", 1) for chunk in part]
    assert len(chunks) == 4
