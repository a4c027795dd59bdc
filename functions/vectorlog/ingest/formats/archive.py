"""Archives: zip and tar files of documents, and single files packed with gzip, bzip2 or xz."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePath
from typing import IO, Any

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text, Unreadable
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.inside import NONE_READ, Inside, allowance, filename, is_ignored

_PACKED: tuple[tuple[bytes, Callable[[IO[bytes]], Any]], ...] = (
    (b"\x1f\x8b\x08", lambda file: gzip.GzipFile(fileobj=file)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\0", lzma.LZMAFile),
)
_PACKED_TARS = (".tgz", ".tbz2", ".txz")
_BLOCK = 512
_CHECKSUM = slice(148, 156)
_REMEDY = "Unpack it and upload the files in it."
_REASON = "It is damaged, or packed in a way that cannot be unpacked here."


def read(path: Path) -> Text:
    """Reads each file in the archive by the reader of its own format, under its name.

    Raises:
        Unreadable: none of them can be read.
    """
    doc = DocumentBuilder()
    with path.open("rb") as file, allowance(path.stat().st_size) as left:
        head = file.read(_BLOCK)
        file.seek(0)
        inside = Inside(doc, left)
        opener = next((opener for mark, opener in _PACKED if head.startswith(mark)), None)
        try:
            if opener is not None:
                return _unpacked(opener(file), inside)
            else:
                for name, size, member in _members(file, is_tar=_is_tar(head)):
                    _add(name, size, member, inside)
        except (tarfile.TarError, EOFError, lzma.LZMAError, OSError, zipfile.BadZipFile) as error:
            if not inside.read:
                raise Unreadable("invalid_file", f"The archive is damaged. {_REMEDY}") from error
            doc.warn("damaged", f"The archive is damaged; what follows in it is not read: {error}")
        inside.finish()
    if not inside.read:
        raise _none_read(inside.reason)
    return replace(doc.build(), title="")  # the file's name says more than the first heading


def _unpacked(stream: IO[bytes], inside: Inside) -> Text:
    """Reads a single packed file, which may be an archive itself, by the name that it had before it was packed."""
    data = stream.read(inside.allowance.bytes_left + 1)
    path = PurePath(filename())
    name = f"{path.stem}.tar" if path.suffix.lower() in _PACKED_TARS else path.stem
    return inside.whole(name, data)


def _none_read(reason: str) -> Unreadable:
    """The refusal of an archive none of whose files is read, for this reason."""
    if reason.startswith(NONE_READ):  # an archive inside this one
        return Unreadable("invalid_file", reason)
    if not reason:
        return Unreadable("invalid_file", "The archive has no files, or only empty ones. Upload files that have text.")
    return Unreadable("invalid_file", f"{NONE_READ} {reason} {_REMEDY}")


def _members(file: IO[bytes], *, is_tar: bool) -> Iterator[tuple[str, int, Callable[[], IO[bytes]]]]:
    """Yields the name and the size of each file in an archive, and what opens it."""
    if is_tar:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            for each in archive:
                if each.isreg():
                    yield each.name, each.size, lambda each=each: archive.extractfile(each)  # type: ignore[misc]
    else:
        with zipfile.ZipFile(file) as archive:
            for one in archive.infolist():
                if not one.is_dir():
                    yield _name(one), one.file_size, lambda one=one: archive.open(one)  # type: ignore[misc]


def _add(name: str, size: int, member: Callable[[], IO[bytes]], inside: Inside) -> None:
    if is_ignored(name) or size == 0:
        return
    if size > inside.allowance.bytes_left:
        inside.skip()
        return
    try:
        with member() as stream:
            data = stream.read(size)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        inside.leave_out(name, f"{_REASON} ({error})")
        return
    inside.add(name, data)


def _name(member: zipfile.ZipInfo) -> str:
    """Returns a member's name: many programs write UTF-8 without saying so."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode()
    except UnicodeError:
        return member.filename


def _is_tar(head: bytes) -> bool:
    """Whether a file begins with a tar header: the oldest kind is only known by its sum."""
    if len(head) < _BLOCK or not head[0]:
        return False
    try:
        said = int(head[_CHECKSUM].strip(b" \0") or b"-1", 8)
    except ValueError:
        return False
    return said == sum(head[:_BLOCK]) - sum(head[_CHECKSUM]) + 8 * ord(" ")


FORMAT = Format(
    "an archive",
    (".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz"),
    read,
    begins=lambda head: head.startswith(tuple(mark for mark, _ in _PACKED)) or _is_tar(head),
    media_types=("application/zip",),
    keeps=(
        "Each file in it under its name, read by the reader of its own format. A single file that is packed (gzip, "
        "bzip2, xz) is read as if it were not."
    ),
    leaves_out=(
        "Files that cannot be read, and what exceeds the limits on depth, number and size: listed in a warning. A "
        "locked archive fails."
    ),
)
