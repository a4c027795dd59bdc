"""The artefact of a generation: its text, the positions of its chunks in the text, and their vectors in float16.

`artefacts/<store>/<file>/<generation>/text` is the whole text in UTF-8. `…/<first chunk>` is a part: some consecutive
chunks, as a line of JSON followed by the little-endian vectors. The line has the spans, the windows per chunk and the
dimensions; since version 2 also the chunks' tokens and places (what follows the span in `Location.code`), and the range
of bytes that the chunks take up in the text; since version 3 the chunks' frames (the different ones, and each chunk's
number among them); since version 4 where among the vectors those of each chunk begin, because chunks that overlap share
some. The text is stored together with the first part, before a generation can serve. After a crash in between there may
be one without the other.

`…/<first chunk>@<move>` has the same chunks as the part without a move, with vectors of the space that their store
moves to, or has moved to since (`domain/vectors_move.py`). A line has, as `vectors`, their number if that is not 0.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from vectorlog.domain.location import Location
from vectorlog.domain.vectors import NO_FRAME, Chunk, Frame, Vector
from vectorlog.domain.window_runs import row_of
from vectorlog.files.blobs import Blobs, NoSuchBlob
from vectorlog.files.part_line import Json, frames, locations, packed_frames, runs

TEXT = "text"
"""The last part of the key of a text."""
BESIDE = "@"
"""What comes before the number of a move in the key of a part."""
TOGETHER = 1000
"""How many objects are deleted at a time: as many as S3 lists and deletes in one call."""
VERSION = 4
_CURRENT = f'{{"version":{VERSION},'.encode()
"""How a part of this version begins."""
_LONGEST_LINE = 65_536
"""Bytes of a part that are read for its line; a longer line is read with the whole part."""

Offsets = tuple[int, int]
"""First character of a chunk, and the one after its last."""


@dataclass(frozen=True, slots=True)
class Details:
    """What a part keeps of its chunks since version 2.

    Attributes:
        tokens: of each chunk.
        locations: of each chunk.
        in_bytes: where in the text, in UTF-8, the first of the chunks begins and the last one ends.
        frames: of each chunk, since version 3; empty if none has one.
    """

    tokens: Sequence[int]
    locations: Sequence[Location]
    in_bytes: tuple[int, int]
    frames: Sequence[Frame] = ()


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
    store: str,
    file: str,
    generation: int,
    first: int,
    spans: Sequence[Offsets],
    vectors: Sequence[tuple[Vector, ...]],
    details: Details | None = None,
    *,
    number: int = 0,
    beside: bool = False,
) -> tuple[str, bytes]:
    """Returns the key and content of a part whose first chunk is number `first`, for `Blobs.put`.

    `spans` are character offsets in the text, one pair for each chunk. Without details, the part is of version 1.
    `number` is that of the vectors. A part `beside` does not replace the one with the same chunks and other vectors.
    """
    dimensions = len(vectors[0][0]) if vectors else 0
    header: Json = {
        **({} if details is None else {"version": VERSION}),  # first, for `is_current`
        "spans": list(spans),
        "windows": [len(windows) for windows in vectors],
        "dimensions": dimensions,
        **({"vectors": number} if number else {}),
    }
    if details is not None:
        places = [location.code[2:] for location in details.locations]
        header |= {"tokens": list(details.tokens), "places": places, "bytes": details.in_bytes}
        if any(frame != NO_FRAME for frame in details.frames):
            header["frames"] = packed_frames(details.frames)
    starts, packed = row_of([[struct.pack(f"<{dimensions}e", *vector) for vector in windows] for windows in vectors])
    header["starts"] = starts
    body = json.dumps(header, separators=(",", ":")).encode() + b"\n" + b"".join(packed)
    return f"{folder(store, file, generation)}{first:08d}{f'{BESIDE}{number}' if beside else ''}", body


def read_text(blobs: Blobs, store: str, file: str, generation: int) -> str:
    """Returns the whole text.

    Raises:
        NoSuchBlob: this generation has no artefact.
    """
    return blobs.read(folder(store, file, generation) + TEXT).decode()


def is_current(blobs: Blobs, store: str, file: str, generation: int) -> bool:
    """Whether this version made the artefact of a generation, as far as its first part says; False without one."""
    try:
        begin = blobs.head(f"{folder(store, file, generation)}{0:08d}", len(_CURRENT))
    except NoSuchBlob:
        return False
    return begin == _CURRENT


def part_starts(blobs: Blobs, store: str, file: str, generation: int) -> list[int]:
    """Returns the number of the first chunk of each stored part, in ascending order."""
    return starts_in(blobs, folder(store, file, generation))


def starts_in(blobs: Blobs, within: str) -> list[int]:
    """Returns what `part_starts` does, of the generation whose keys begin so."""
    return starts_of(_names(blobs, within))


def header_of(blobs: Blobs, within: str, first: int) -> Json:
    """Returns the line of the part that begins with chunk `first`, of the generation whose keys begin so."""
    line, ended, _ = blobs.head(f"{within}{first:08d}", _LONGEST_LINE).partition(b"\n")
    header: Json = json.loads(line if ended else blobs.read(f"{within}{first:08d}").partition(b"\n")[0])
    return header


def read_parts(
    blobs: Blobs, store: str, file: str, generation: int, start: int = 0, *, number: int = 0
) -> Iterator[tuple[Chunk, ...]]:
    """Yields the chunks of each part in order, with the vectors of this number. Leaves out the parts that begin before
    chunk `start`, and those without such vectors. Of the text it reads only what each part needs, unless there is but
    one part, or a part is of version 1: then the whole text, once.

    Raises:
        NoSuchBlob: this generation has parts, but no text.
    """
    within = folder(store, file, generation)
    return read_named(blobs, within, _names(blobs, within), start, number)


def read_named(
    blobs: Blobs, within: str, names: Collection[str], start: int = 0, number: int = 0
) -> Iterator[tuple[Chunk, ...]]:
    """Does what `read_parts` does, and lists no objects: the generation's keys begin with `within`, and `names` are
    what follows in them.
    """
    starts = [first for first in starts_of(names) if first >= start]
    whole = blobs.read(within + TEXT).decode() if len(starts) == 1 else None
    for first in starts:
        header, packed = _read(blobs, within + part_name(names, first, number))
        if header.get("vectors", 0) != number:
            continue
        if whole is None and "bytes" in header:
            yield _unpack_within(blobs, within, header, packed, first)
        else:
            whole = blobs.read(within + TEXT).decode() if whole is None else whole
            yield _unpack(header, packed, first, whole)


def read_part(blobs: Blobs, within: str, name: str, first: int, number: int) -> tuple[Chunk, ...]:
    """Returns the chunks of the part `name`, which begins with chunk `first`, of the generation whose keys begin with
    `within`; none if its vectors have another number.

    Raises:
        NoSuchBlob: there is no such part, or no text.
    """
    header, packed = _read(blobs, within + name)
    if header.get("vectors", 0) != number:
        return ()
    if "bytes" in header:
        return _unpack_within(blobs, within, header, packed, first)
    return _unpack(header, packed, first, blobs.read(within + TEXT).decode())


def part_name(names: Collection[str], first: int, number: int) -> str:
    """Returns the name of the part that begins with chunk `first`: the one beside, if there is one for this number."""
    beside = f"{first:08d}{BESIDE}{number}"
    return beside if beside in names else f"{first:08d}"


def starts_of(names: Iterable[str]) -> list[int]:
    """Returns what `part_starts` does, from the names of a generation's objects."""
    return sorted(int(name) for name in names if name != TEXT and BESIDE not in name)


def _names(blobs: Blobs, within: str) -> set[str]:
    return {key.rsplit("/", 1)[1] for key in blobs.list(within)}


def _read(blobs: Blobs, key: str) -> tuple[Json, bytes]:
    """Returns the line of a part, and its vectors."""
    line, _, packed = blobs.read(key).partition(b"\n")
    header: Json = json.loads(line)
    return header, packed


def _unpack_within(blobs: Blobs, within: str, header: Json, packed: bytes, first: int) -> tuple[Chunk, ...]:
    """Returns the chunks of a part that says where in the text they are; reads no more of the text."""
    # The part may be of an earlier try, and the text of a later one that read the file in another way.
    text = blobs.slice(within + TEXT, *header["bytes"]).decode(errors="replace")
    return _unpack(header, packed, first, text, header["spans"][0][0])


def delete(blobs: Blobs, store: str, file: str, generation: int) -> None:
    """Deletes the artefact of a generation. Its objects are deleted while they are listed, so a repeat goes on."""
    listed = blobs.list(folder(store, file, generation))
    while found := list(islice(listed, TOGETHER)):
        blobs.delete(found)


def _unpack(header: Json, packed: bytes, first: int, text: str, offset: int = 0) -> tuple[Chunk, ...]:
    """Returns the chunks of a part; `text` begins at character `offset` of the whole text."""
    places, around = locations(header), frames(header)
    lies, dimensions = runs(header), header["dimensions"]
    row = [
        array("f", struct.unpack_from(f"<{dimensions}e", packed, 2 * dimensions * number))
        for number in range(max((run.stop for run in lies), default=0))
    ]
    return tuple(
        Chunk(first + n, text[start - offset : end - offset], tuple(row[run.start : run.stop]), places[n], around[n])
        for n, ((start, end), run) in enumerate(zip(header["spans"], lies, strict=True))
    )
