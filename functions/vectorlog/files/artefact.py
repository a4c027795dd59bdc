"""The artefact of a generation: its text, the positions of its chunks in the text, and their vectors in float16.

`artefacts/<store>/<file>/<generation>/text` is the whole text in UTF-8. `…/<first chunk>` is a part: some consecutive
chunks, as a line of JSON (spans, windows per chunk, dimensions) followed by the little-endian vectors. The text is
stored together with the first part, before a generation can serve. After a crash in between there may be one without
the other.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from vectorlog.domain.vectors import Chunk, Vector
from vectorlog.files.blobs import Blobs

TEXT = "text"
"""The last part of the key of a text."""
TOGETHER = 1000
"""How many objects are deleted at a time: as many as S3 lists and deletes in one call."""

Offsets = tuple[int, int]
"""First character of a chunk, and the one after its last."""


def folder_of(store: str) -> str:
    """Returns the common prefix of the keys of a store's artefacts."""
    return f"artefacts/{store}/"


def folder(store: str, file: str, generation: int) -> str:
    """Returns the common prefix of a generation's keys."""
    return f"{folder_of(store)}{file}/{generation:08d}/"


def text_item(store: str, file: str, generation: int, text: str) -> tuple[str, bytes]:
    """Returns the key and content of the text, for `Blobs.put`."""
    return folder(store, file, generation) + TEXT, text.encode()


def part_item(
    store: str, file: str, generation: int, first: int, spans: Sequence[Offsets], vectors: Sequence[tuple[Vector, ...]]
) -> tuple[str, bytes]:
    """Returns the key and content of a part whose first chunk is number `first`, for `Blobs.put`.

    `spans` are character offsets in the text, one pair for each chunk.
    """
    dimensions = len(vectors[0][0]) if vectors else 0
    header = {"spans": list(spans), "windows": [len(windows) for windows in vectors], "dimensions": dimensions}
    packed = (struct.pack(f"<{dimensions}e", *vector) for windows in vectors for vector in windows)
    body = json.dumps(header, separators=(",", ":")).encode() + b"\n" + b"".join(packed)
    return f"{folder(store, file, generation)}{first:08d}", body


def chunks_in(part: Path) -> int:
    """Returns the number of chunks in a part, from its file."""
    with part.open("rb") as file:
        return len(json.loads(file.readline())["spans"])


def whole_chunks_in(part: Path) -> int | None:
    """Returns the number of chunks in a part, from its file; None if the file is cut off."""
    with part.open("rb") as file:
        line = file.readline()
    try:
        header = json.loads(line)
    except ValueError:
        return None
    vectors = 2 * header["dimensions"] * sum(header["windows"])
    return len(header["spans"]) if part.stat().st_size == len(line) + vectors else None


def read_text(blobs: Blobs, store: str, file: str, generation: int) -> str:
    """Returns the whole text.

    Raises:
        NoSuchBlob: this generation has no artefact.
    """
    return blobs.read(folder(store, file, generation) + TEXT).decode()


def part_starts(blobs: Blobs, store: str, file: str, generation: int) -> list[int]:
    """Returns the number of the first chunk of each stored part, in ascending order."""
    names = (key.rsplit("/", 1)[1] for key in blobs.list(folder(store, file, generation)))
    return sorted(int(name) for name in names if name != TEXT)


def read_parts(blobs: Blobs, store: str, file: str, generation: int, start: int = 0) -> Iterator[tuple[Chunk, ...]]:
    """Yields the chunks of each part in order, leaving out the parts that begin before chunk `start`."""
    starts = [first for first in part_starts(blobs, store, file, generation) if first >= start]
    text = read_text(blobs, store, file, generation) if starts else ""
    for first in starts:
        yield _unpack(blobs.read(f"{folder(store, file, generation)}{first:08d}"), first, text)


def delete(blobs: Blobs, store: str, file: str, generation: int) -> None:
    """Deletes the artefact of a generation. Its objects are deleted while they are listed, so a repeat goes on."""
    listed = blobs.list(folder(store, file, generation))
    while found := list(islice(listed, TOGETHER)):
        blobs.delete(found)


def _unpack(body: bytes, first: int, text: str) -> tuple[Chunk, ...]:
    line, _, packed = body.partition(b"\n")
    header = json.loads(line)
    dimensions, offset, chunks = header["dimensions"], 0, []
    for index, ((start, end), windows) in enumerate(zip(header["spans"], header["windows"], strict=True)):
        vectors = []
        for _ in range(windows):
            vectors.append(array("f", struct.unpack_from(f"<{dimensions}e", packed, offset)))
            offset += dimensions * 2
        chunks.append(Chunk(first + index, text[start:end], tuple(vectors)))
    return tuple(chunks)
