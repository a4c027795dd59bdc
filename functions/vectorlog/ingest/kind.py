"""Detects the format of a file, by its content first and then by its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vectorlog.ingest import ocr
from vectorlog.ingest.document import Unreadable
from vectorlog.ingest.formats import plain
from vectorlog.ingest.formats.container import Container
from vectorlog.ingest.formats.format import Format

_HEAD = 4096
_ZIP = "application/zip"
_BLANK = b"\0 \t\r\n\v\f\xef\xbb\xbf\xfe\xff"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UNREAD: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF87a", "an image"),
    (b"GIF89a", "an image"),
    (b"II*\0", "an image"),
    (b"MM\0*", "an image"),
    (b"(\xb5/\xfd", "an archive"),
    (b"7z\xbc\xaf\x27\x1c", "an archive"),
    (b"Rar!\x1a\x07", "an archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\0", "a program"),
    (b"OggS\0", "a recording"),
    (b"ID3", "a recording"),
    (b"fLaC\0", "a recording"),
    (b"\x1aE\xdf\xa3", "a recording"),
    (b"SQLite format 3\0", "a database"),
)
_REMEDIES = {
    "an image": ocr.HOW,
    "an archive": "Unpack it and upload the files in it.",
    "a program": "Upload its source or its documentation.",
    "a recording": "Upload a transcript of it.",
    "a database": "Export its tables as CSV or JSON.",
}


def format_of(path: Path, filename: str, formats: Sequence[Format]) -> Format:
    """Returns the format of the file at `path`, uploaded as `filename`; any other text is plain text.

    Raises:
        Unreadable: the file is empty, locked, or of a kind that cannot be read.
        OSError: the file could not be opened.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
        blank = not head.strip(_BLANK)
        while blank and (more := file.read(1 << 20)):
            blank = not more.strip(_BLANK)
    if blank:
        raise Unreadable("invalid_file", "The file is empty. Upload a file that contains text.")
    if by_content := next((each for each in formats if each.begins and each.begins(head)), None):
        return by_content
    if head.startswith(_OLE):
        return _in_ole(path, formats)
    if head.startswith(b"PK\x05\x06"):
        raise Unreadable("invalid_file", "The archive is empty. Upload one that has files in it.")
    if head.startswith(b"PK\x03\x04"):
        return _in_zip(path, formats)
    if unread := next((label for mark, label in _UNREAD if head.startswith(mark)), _by_box(head)):
        raise Unreadable("unsupported_file", f"The file is {unread}, which cannot be read. {_REMEDIES[unread]}")
    extension = Path(filename).suffix.lower()
    return next((each for each in formats if each.by_name and extension in each.extensions), plain.FORMAT)


def _by_box(head: bytes) -> str | None:
    """Recognises files whose signature is not at the very beginning: RIFF, MP4 and HEIC."""
    if head[:4] == b"RIFF" and b"\0" in head[:16]:
        return "an image" if head[8:12] == b"WEBP" else "a recording"
    if head[4:8] == b"ftyp":
        return "an image" if head[8:12] in (b"heic", b"heix", b"avif", b"mif1") else "a recording"
    return None


def _in_ole(path: Path, formats: Sequence[Format]) -> Format:
    """Finds the format of an OLE container by the streams in its root, whose names are compared without case."""
    from olefile import OleFileIO  # type: ignore[import-untyped]

    try:
        with OleFileIO(str(path)) as ole:
            names = {entry[0].lower() for entry in ole.listdir(storages=True)}
    except Exception as error:
        raise Unreadable(
            "invalid_file", "The file is damaged: its OLE container is not complete. Save or upload it again."
        ) from error
    if "encryptedpackage" in names:
        raise Unreadable(
            "invalid_file", "The Office file is locked with a password. Remove the password and upload it again."
        )
    for each in formats:
        if any(stream.lower() in names for stream in each.ole_streams):
            return each
    raise Unreadable(
        "unsupported_file", "This kind of Office or Outlook file cannot be read. Save it as .docx, .eml or PDF."
    )


def _in_zip(path: Path, formats: Sequence[Format]) -> Format:
    try:
        with Container(path) as container:
            return _in_container(container, formats)
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(
            "invalid_file", "The file is damaged: its zip container is not complete. Save or upload it again."
        ) from error


def _in_container(container: Container, formats: Sequence[Format]) -> Format:
    if container.locked or _has_locked_parts(container):
        raise Unreadable("invalid_file", "The file is locked with a password. Remove the password and upload it again.")
    if "[Content_Types].xml" in container.names:
        for each in formats:
            if (folder := each.office_folder) and any(name.startswith(folder) for name in container.names):
                return each
    if "mimetype" in container.names:  # OpenDocument, EPUB
        media_type = container.read("mimetype").strip()
        for each in formats:
            if any(media_type.startswith(prefix.encode()) for prefix in each.media_types):
                return each
    if "[Content_Types].xml" in container.names or any(name.endswith(".iwa") for name in container.names):
        raise Unreadable(
            "unsupported_file",
            "The file is of an office program whose format cannot be read. Save it as .docx, .xlsx, .pptx or PDF.",
        )
    return next(each for each in formats if _ZIP in each.media_types)


def _has_locked_parts(container: Container) -> bool:
    manifest = "META-INF/manifest.xml"
    return manifest in container.names and b"encryption-data" in container.read(manifest)
