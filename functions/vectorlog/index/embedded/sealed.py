"""The files of sealed segments: derived from the database, written once, mapped, and deleted.

A file has a header and sections. The header says where each section is and what its checksum is, and its own checksum
is part of the file's name, which the database has. The file is on the disk before the database names it. So a file of
that name and of the right size is whole, unless the disk has lost something: the checksums of all sections that every
search reads are compared when the file is opened.
"""

from __future__ import annotations

import json
import logging
import mmap
import os
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from vectorlog.domain.errors import DISK_FULL, NoSpace, is_disk_full
from vectorlog.files.private import private_file
from vectorlog.files.synced import sync
from vectorlog.index.embedded.codes import encode
from vectorlog.index.embedded.postings import Postings, merge
from vectorlog.index.embedded.rows import ROW, unshared
from vectorlog.index.embedded.segment import Sealed, Segment, totals
from vectorlog.index.embedded.vector_map import VectorMap

log = logging.getLogger(__name__)

_MAGIC = b"vectorlog segment 1\n"
_HEADER = 4_096
"""Bytes of the header, padded with spaces."""
_ALIGNED = 65_536
"""The vectors begin at a multiple of this, as a mapping has to on some systems."""
_CHECKED = ("rows", "lengths", "codes", "terms", "starts")
"""Sections whose checksums are compared at the opening. Postings and vectors are read in small parts."""


class SealedFileDamaged(Exception):
    """The file of a segment is not there, or not as it was written."""


def write(folder: Path, key: int, segment: Segment, centre: NDArray[np.float32]) -> str:
    """Writes the file of a segment in memory, syncs it, and returns its name, which depends on its content.

    Raises:
        NoSpace: the disk is full.
        OSError: the file could not be written.
    """
    vectors = segment.vectors(slice(None))
    postings = _small(merge(segment.runs), len(segment.rows))
    sections: dict[str, NDArray[Any]] = {
        "rows": segment.rows,
        "lengths": segment.lengths,
        "codes": encode(vectors, centre),
        "terms": postings.terms,
        "starts": postings.starts,
        "postings": postings.rows,
        "counts": postings.counts,
        "vectors": vectors.astype(np.float16),
    }
    placed, end = dict[str, tuple[str, list[int], int, int]](), _HEADER
    for name, array in sections.items():
        boundary = _ALIGNED if name == "vectors" else 64
        start = -(-end // boundary) * boundary
        end = start + array.nbytes
        kind = "row" if name == "rows" else array.dtype.str
        placed[name] = (kind, list(array.shape), start, crc32(np.ascontiguousarray(array).view(np.uint8).data))
    head = (_MAGIC + json.dumps({"size": end, "sections": placed}).encode()).ljust(_HEADER)
    path = folder / f"{key}-{segment.first}-{crc32(head):08x}"
    staged = path.with_suffix(".new")
    try:
        folder.mkdir(exist_ok=True, mode=0o700)
        with private_file(staged) as file:
            file.write(head)
            for name, array in sections.items():
                file.seek(placed[name][2])
                file.write(np.ascontiguousarray(array).view(np.uint8).data)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)
        sync(folder)
    except OSError as error:
        staged.unlink(missing_ok=True)
        if is_disk_full(error):
            raise NoSpace(DISK_FULL) from error
        raise
    return path.name


def read(path: Path, first: int, dead: bytes, dimensions: int) -> Segment:
    """Maps the file of a segment; `dead` are the bits of its dead rows.

    Raises:
        SealedFileDamaged: it is not there, or not as it was written.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER)
            if not head.startswith(_MAGIC) or not path.name.endswith(f"-{crc32(head):08x}"):
                raise SealedFileDamaged(f"{path} has another header.")
            described = json.loads(head[len(_MAGIC) :])
            if file.seek(0, os.SEEK_END) != described["size"]:
                raise SealedFileDamaged(f"{path} has another size.")
            placed: Mapping[str, Sequence[Any]] = described["sections"]
            offset, shape = placed["vectors"][2], placed["vectors"][1]
            if shape[1] != dimensions:
                raise SealedFileDamaged(f"{path} has other dimensions.")
            whole = mmap.mmap(file.fileno(), offset, access=mmap.ACCESS_READ)
            vectors = VectorMap(file.fileno(), offset, *shape)
    except OSError as error:
        raise SealedFileDamaged(f"{path} cannot be read: {error}") from error
    arrays: dict[str, Any] = {name: _section(whole, *place) for name, place in placed.items() if name != "vectors"}
    for name in _CHECKED:
        if crc32(arrays[name].view(np.uint8).data) != placed[name][3]:
            raise SealedFileDamaged(f"{path} has other {name} than were written.")
    rows = arrays["rows"]
    live = ~np.unpackbits(np.frombuffer(dead, np.uint8), count=len(rows)).astype(bool)
    run = Postings(arrays["terms"], arrays["starts"], arrays["postings"], arrays["counts"])
    part = Sealed(path.name, arrays["codes"], vectors, unshared(rows, shape[0]))
    return Segment(first, rows, arrays["lengths"], live, (run,), *totals(rows, live), None, part)


def unlink(folder: Path, names: Iterable[str]) -> None:
    """Deletes files. Searches that have one mapped go on; a file that cannot be deleted is logged, and goes when the
    index is next opened.
    """
    for name in names:
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s was not deleted: %s", folder / name, error)


def drop_others(folder: Path, names: Set[str]) -> None:
    """Deletes all files but these, which a crash has left."""
    if folder.is_dir():
        unlink(folder, [path.name for path in folder.iterdir() if path.name not in names])


def dead_bits(segment: Segment) -> bytes:
    """Returns the bits of a segment's dead rows."""
    return np.packbits(~segment.live).tobytes()


def _section(whole: mmap.mmap, kind: str, shape: list[int], offset: int, _: int) -> NDArray[Any]:
    dtype = ROW if kind == "row" else np.dtype(kind)
    return np.frombuffer(whole, dtype, int(np.prod(shape)), offset).reshape(shape)


def _small(postings: Postings, rows: int) -> Postings:
    """Returns the postings with the smallest types that hold them: 3 bytes each instead of 6."""
    few = postings.counts.max(initial=0) <= np.iinfo(np.uint8).max
    return Postings(
        postings.terms,
        postings.starts,
        postings.rows.astype(np.uint16) if rows <= 1 << 16 else postings.rows.astype(np.int32),
        postings.counts.astype(np.uint8) if few else postings.counts.astype(np.uint16),
    )
