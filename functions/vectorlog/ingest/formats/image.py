"""Images, whose text is recognized if that is switched on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vectorlog.ingest import ocr
from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text, Unreadable
from vectorlog.ingest.formats import pixels, recognized_lines
from vectorlog.ingest.formats.format import Format

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 6_000_000
"""Larger images are made smaller before their text is recognized: an A4 page at 200 dots an inch has 3.9 million."""
_MOST_BYTES = 800_000_000
"""Images that take more memory to unpack are refused: this much is taken by 200 million pixels with colours, and less
than 150 MB beside it. A reader that recognizes text may use 3 GB, of which the recognizer's library maps 1.2 GB.
"""
_MOST_FRAMES = 1_000
_BEGINNINGS = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*")


def read(path: Path) -> Text:
    """Reads the text in an image; a TIFF file may have several pages.

    Raises:
        Unreadable: it is too large, has no text, or text is not recognized here.
    """
    recognition = ocr.active()
    if recognition is None:
        raise Unreadable("unsupported_file", f"The file is an image. {ocr.HOW}")
    from PIL import Image, ImageSequence

    Image.MAX_IMAGE_PIXELS = None  # `_picture` looks at the bytes itself
    doc = DocumentBuilder()
    with Image.open(path) as image:
        frames = min(getattr(image, "n_frames", 1), _MOST_FRAMES) if image.format == "TIFF" else 1
        for _, frame in zip(range(frames), ImageSequence.Iterator(image), strict=False):
            if frames > 1:
                doc.page()
            recognized_lines.write(doc, recognition.read(lambda frame=frame: _picture(frame)))  # type: ignore[misc]
    skipped = recognition.skipped
    recognition.tell(doc)
    if doc.is_blank and skipped:
        raise Unreadable("invalid_file", recognition.limit)
    if doc.is_blank:
        raise Unreadable("invalid_file", "No text was recognized in the image. Upload a sharper or larger one.")
    return doc.build()


def _picture(image: Image.Image) -> ocr.Picture:
    from PIL import ExifTags, ImageOps

    if pixels.prepare(image, MOST_PIXELS) > _MOST_BYTES:
        raise Unreadable("invalid_file", "The image is too large to be read. Make it smaller, and upload it again.")
    small = pixels.plain(image, MOST_PIXELS)
    small.getexif()[ExifTags.Base.Orientation] = image.getexif().get(ExifTags.Base.Orientation, 1)
    upright = ImageOps.exif_transpose(small)
    return ocr.Picture(upright.width, upright.height, upright.tobytes())


def _begins(head: bytes) -> bool:
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    return ocr.active() is not None and (is_webp or head.startswith(_BEGINNINGS))


FORMAT = Format(
    "an image",
    (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"),
    read,
    begins=_begins,
    keeps=(
        "With `--ocr` (local edition), the text that is recognized: lines, paragraphs and rows, each page of a TIFF "
        "file; a warning says so. Without it images fail, with a message that says how to switch it on."
    ),
    leaves_out="Whatever is no text, headings, and handwriting.",
)
