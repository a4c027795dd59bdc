"""The artefact of a generation: the text that was indexed, where its chunks lie, and their vectors in float16.

`artefacts/<store>/<file>/<generation>/text` is the whole text in UTF-8; `…/<first chunk>` holds a run of chunks: a line
of JSON (spans, windows per chunk, dimensions), then the vectors, little-endian. The text is written first, so whoever
finds chunks finds their text.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Iterator, Sequence

from vectorlog.domain.vectors import Chunk, Vector
from vectorlog.files.blobs import Blobs

SpanOf = tuple[int, int]


def folder(store: str, file: str, generation: int) -> str:
    """Where everything of a generation is."""
    return f"artefacts/{store}/{file}/{generation:08d}/"


def text_item(store: str, file: str, generation: int, text: str) -> tuple[str, bytes]:
    """The text, ready for `Blobs.put`."""
    return folder(store, file, generation) + "text", text.encode()


def part_item(
    store: str, file: str, generation: int, first: int, spans: Sequence[SpanOf], vectors: Sequence[tuple[Vector, ...]]
) -> tuple[str, bytes]:
    """A run of chunks, ready for `Blobs.put`; `spans` are characters of the text."""
    dimensions = len(vectors[0][0]) if vectors else 0
    header = {"spans": list(spans), "windows": [len(windows) for windows in vectors], "dimensions": dimensions}
    packed = (struct.pack(f"<{dimensions}e", *vector) for windows in vectors for vector in windows)
    body = json.dumps(header, separators=(",", ":")).encode() + b"\n" + b"".join(packed)
    return f"{folder(store, file, generation)}{first:08d}", body


def read_text(blobs: Blobs, store: str, file: str, generation: int) -> str:
    """The whole text.

    Raises:
        NoSuchBlob: this generation has no artefact.
    """
    return blobs.read(folder(store, file, generation) + "text").decode()


def firsts(blobs: Blobs, store: str, file: str, generation: int) -> list[int]:
    """First chunks of the parts that there are, in order."""
    names = (key.rsplit("/", 1)[1] for key in blobs.list(folder(store, file, generation)))
    return sorted(int(name) for name in names if name != "text")


def read_parts(blobs: Blobs, store: str, file: str, generation: int, start: int = 0) -> Iterator[tuple[Chunk, ...]]:
    """The chunks, part by part, in order; of the parts that begin at chunk `start` or after it."""
    found = [first for first in firsts(blobs, store, file, generation) if first >= start]
    text = read_text(blobs, store, file, generation) if found else ""
    for first in found:
        yield _unpack(blobs.read(f"{folder(store, file, generation)}{first:08d}"), first, text)


def delete(blobs: Blobs, store: str, file: str | None = None, generation: int | None = None) -> None:
    """Removes the artefacts of a generation, of a file (no generation), or of a store (no file)."""
    if file is None:
        prefix = f"artefacts/{store}/"
    else:
        prefix = f"artefacts/{store}/{file}/" if generation is None else folder(store, file, generation)
    blobs.delete(list(blobs.list(prefix)))


def _unpack(body: bytes, first: int, text: str) -> tuple[Chunk, ...]:
    line, _, packed = body.partition(b"\n")
    header = json.loads(line)
    dimensions, at, chunks = header["dimensions"], 0, []
    for place, ((start, end), windows) in enumerate(zip(header["spans"], header["windows"], strict=True)):
        vectors = []
        for _ in range(windows):
            vectors.append(array("f", struct.unpack_from(f"<{dimensions}e", packed, at)))
            at += dimensions * 2
        chunks.append(Chunk(first + place, text[start:end], tuple(vectors)))
    return tuple(chunks)
