"""Text recognition: what is read, told and limited when it is on, and what is said when it is off."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
from PIL import ExifTags, Image, ImageChops, ImageStat
from reportlab.lib.utils import ImageReader  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from vectorlog.ingest.document import Text, Unreadable
from vectorlog.ingest.extract import extract
from vectorlog.ingest.formats import image as image_format
from vectorlog.ingest.formats import pixels
from vectorlog.ingest.ocr import Picture, Recognition, Recognized, switched_on
from vectorlog.ingest.sandbox import Sandbox

PROSE = (
    "Drain the boilers in May, before the pumps are switched off.",
    "The upper valve is closed by hand, and the lower one by the",
    "motor. A gauge shows the pressure in bar; it must not exceed",
    "twelve. Write every reading into the book beside the door.",
)


class Stub:
    """Implements Recognizer: finds the same in each picture."""

    def __init__(self, *found: Recognized) -> None:
        self.found = found
        self.seen: list[Picture] = []

    def recognize(self, picture: Picture) -> Sequence[Recognized]:
        self.seen.append(picture)
        return self.found


def piece(text: str, left: float, top: float, confidence: float = 0.9) -> Recognized:
    return Recognized(text, left, top, left + 9 * len(text), top + 18, confidence)


def png(width: int = 200, height: int = 100, form: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(out, form)
    return out.getvalue()


def scanned(*pages: str) -> bytes:
    """Returns a PDF with these texts on its pages; a blank one is an image that covers the page."""
    out = io.BytesIO()
    canvas = Canvas(out, (400, 600))
    for page in pages:
        if not page.strip("0123456789"):
            canvas.drawImage(ImageReader(io.BytesIO(png())), 0, 0, 400, 600)
        canvas.drawString(72, 500, page)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def read(folder: Path, data: bytes, name: str, recognition: Recognition | None) -> Text:
    path = folder / "blob"
    path.write_bytes(data)
    with switched_on(recognition):
        return extract(path, name)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_images(tmp_path: Path, form: str) -> None:
    """Lines of an image are read from its top to its bottom, whatever the order in which they are found."""
    stub = Stub(piece("below.", 10, 60), piece("second", 200, 11), piece("First and", 10, 10), piece("x", 5, 90, 0.2))
    text = read(tmp_path, png(form=form), "a.txt", Recognition(stub, 9))
    assert text.text == "First and second\n\nbelow."
    assert [each.code for each in text.warnings] == ["text_recognized"]
    assert (stub.seen[0].width, stub.seen[0].height, len(stub.seen[0].rgb)) == (200, 100, 60_000)


@pytest.mark.long
def test_a_large_image_is_made_smaller(tmp_path: Path) -> None:
    """What is recognized has at most six million pixels, in the image's proportions."""
    stub = Stub(piece("Big", 10, 10))
    read(tmp_path, png(6000, 3000), "a.png", Recognition(stub, 9))
    assert 5_900_000 < stub.seen[0].width * stub.seen[0].height <= 6_000_000
    assert stub.seen[0].width == pytest.approx(2 * stub.seen[0].height, abs=2)


MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(300, 200), (1601, 801)])
def test_colours(mode: str, size: tuple[int, int]) -> None:
    """A large image of any kind becomes the same small one as if all of it were made plain at once."""
    noise = Image.effect_mandelbrot(size, (-2, -1.2, 1, 1.2), 60).convert("RGB")
    greys = noise.convert("L")
    image = greys.convert("I").point(lambda grey: grey * 257).convert("I;16") if mode == "I;16" else noise.convert(mode)
    if mode in ("LA", "RGBA"):
        image.putalpha(Image.linear_gradient("L").resize(size))
    small = pixels.plain(image, 100_000)
    assert (small.mode, small.width * small.height <= 100_000) == ("RGB", True)
    whole = (greys if mode == "I;16" else image).convert("RGBA")
    expected = Image.alpha_composite(Image.new("RGBA", size, "white"), whole).convert("RGB").resize(small.size)
    difference = ImageStat.Stat(ImageChops.difference(small, expected)).mean
    assert max(difference) < 8, difference  # the filters differ where dots alternate


def test_a_turned_image_is_read_upright(tmp_path: Path) -> None:
    """A photograph that says how the camera was held is turned, also if it is made smaller."""
    stub, exif, out = Stub(piece("Up", 1, 1)), Image.Exif(), io.BytesIO()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (4000, 2000)).save(out, "PNG", exif=exif)
    read(tmp_path, out.getvalue(), "a.png", Recognition(stub, 9))
    assert stub.seen[0].height == pytest.approx(2 * stub.seen[0].width, abs=2)


_MEASURED = """
import sys
from pathlib import Path
from typing import cast
from vectorlog.ingest.formats import image
from PIL import ExifTags, Image, ImageChops, ImageStat
opened = Image.open(sys.argv[1])
def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
before = peak()
image._picture(opened)
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
@pytest.mark.long
def test_memory_of_a_large_image(tmp_path: Path) -> None:
    """An image takes its own bytes and 150 MB, and not a copy for each step: 4 bytes a pixel with an alpha channel."""
    path, size = tmp_path / "a.png", (6000, 5000)
    Image.new("RGBA", size, (9, 9, 9, 9)).save(path, compress_level=1)
    ran = subprocess.run([sys.executable, "-c", _MEASURED, str(path)], capture_output=True, text=True, check=True)
    assert 4 * size[0] * size[1] < int(ran.stdout) < 4 * size[0] * size[1] + 150_000_000


@pytest.mark.parametrize(
    ("mode", "form", "size", "fits"),
    [
        ("RGB", "PNG", (20_000, 10_000), True),
        ("RGBA", "PNG", (20_000, 10_001), False),
        ("L", "PNG", (40_000, 20_000), True),
        ("1", "TIFF", (40_000, 20_001), False),
        ("RGB", "WEBP", (10_000, 5_000), True),
        ("RGBA", "WEBP", (10_000, 5_001), False),
        ("I", "TIFF", (20_000, 10_001), False),
    ],
)
def test_too_large_an_image(mode: str, form: str, size: tuple[int, int], fits: bool) -> None:
    """What counts is how many bytes an image takes when it is unpacked, not how many pixels it has."""
    image = _Unopened(mode, form, size)
    assert (pixels.prepare(cast(Image.Image, image), 6_000_000) <= image_format._MOST_BYTES) == fits


class _Unopened:
    """An image file that is opened and not unpacked."""

    def __init__(self, mode: str, form: str, size: tuple[int, int]) -> None:
        self.mode, self.format, (self.width, self.height) = mode, form, size
        self.info: dict[str, object] = {}

    def draft(self, mode: str, size: tuple[int, int]) -> None:
        """Only JPEG can be unpacked smaller."""


def test_pages_of_a_tiff(tmp_path: Path) -> None:
    """Each page of a fax is read."""
    out = io.BytesIO()
    one = Image.new("1", (200, 100), 1)
    one.save(out, "TIFF", save_all=True, append_images=[one, one])
    assert len(read(tmp_path, out.getvalue(), "fax.tif", Recognition(Stub(piece("Fax", 1, 1)), 9)).pages) == 3


def test_scanned_pages(tmp_path: Path) -> None:
    """Only scanned pages are recognized, also those with a stamped number; the text of the others stays as it is."""
    stub = Stub(piece("Scanned words.", 10, 10))
    text = read(tmp_path, scanned("Written words.", "", "17"), "a.pdf", Recognition(stub, 9))
    assert text.text.split() == ["Written", "words.", "Scanned", "words.", "17", "Scanned", "words."]
    [warning] = text.warnings
    assert (warning.code, warning.where) == ("text_recognized", "page 2, 3")
    assert [(each.width, each.height) for each in stub.seen] == [(1112, 1667)] * 2  # 200 dots an inch


def test_no_text_in_a_scan(tmp_path: Path) -> None:
    """A page on which nothing is recognized is counted; a file without anything else fails, and says so."""
    text = read(tmp_path, scanned("Written words.", ""), "a.pdf", Recognition(Stub(), 9))
    [warning] = text.warnings
    assert (warning.code, warning.where) == ("pages_without_text", "page 2")
    assert "--ocr" not in warning.message
    for data, name in ((scanned(""), "a.pdf"), (png(), "a.png")):
        with pytest.raises(Unreadable, match=r"(?i)no text was recognized"):
            read(tmp_path, data, name, Recognition(Stub(), 9))


def test_the_time_is_limited(tmp_path: Path) -> None:
    """Once the time of a file is over, its other pages are told, not read. The process may use what is allowed."""
    now = iter(range(0, 1000, 4))
    allowed: list[int] = []
    recognition = Recognition(Stub(piece("Scan.", 1, 1)), 7, timer=lambda: next(now), allow=allowed.append)
    text = read(tmp_path, scanned("", "", "", ""), "a.pdf", recognition)
    assert text.text.split() == ["Scan.", "Scan."]
    assert [(each.code, each.where) for each in text.warnings] == [
        ("text_recognized", "page 1, 2"),
        ("truncated", ""),
    ]
    assert allowed == [7, 4 - 7, 7, 4 - 7]


def test_files_in_an_archive_after_the_time(tmp_path: Path) -> None:
    """They are told as not read because of the time, and not as files in which nothing was recognized."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (("1.pdf", scanned("", "")), ("2.pdf", scanned("", "")), ("3.png", png())):
            archive.writestr(name, data)
    now = iter(range(0, 1000, 4))
    recognition = Recognition(Stub(piece("Scan.", 1, 1)), 7, timer=lambda: next(now))
    text = read(tmp_path, out.getvalue(), "a.zip", recognition)
    assert [(each.code, each.where) for each in text.warnings] == [
        ("text_recognized", "1.pdf, page 1, 2"),
        ("left_out", "2.pdf"),
        ("left_out", "3.png"),
    ]
    assert all("may take 7 s of CPU time" in each.message for each in text.warnings[1:])
    assert recognition.skipped == 0


def test_time_is_taken_back_from_a_picture_that_fails() -> None:
    """The process keeps no more time than a damaged picture took, and the file's time counts what it took."""

    def damaged() -> Picture:
        raise OSError("damaged")

    now = iter((0, 8))
    allowed: list[int] = []
    recognition = Recognition(Stub(), 7, timer=lambda: next(now), allow=allowed.append)
    with pytest.raises(OSError, match="damaged"):
        recognition.read(damaged)
    assert allowed == [7, 8 - 7]
    assert (recognition.read(damaged), recognition.skipped) == ([], 1)


@pytest.mark.parametrize(("name", "data"), [("a.png", png()), ("a.webp", png(form="WEBP")), ("a.pdf", scanned(""))])
def test_off(tmp_path: Path, name: str, data: bytes) -> None:
    """Without it, the message says how to switch it on."""
    with pytest.raises(Unreadable, match="Start the server with --ocr"):
        read(tmp_path, data, name, None)
    told = read(tmp_path, scanned("Written words.", ""), "a.pdf", None).warnings
    assert "Start the server with --ocr" in told[0].message


@pytest.mark.ocr
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.pdf"])
def test_words_are_recognized(tmp_path: Path, name: str) -> None:
    """At least nine of ten words of a rendered page are recognized, in a reader with its limits."""
    import pypdfium2  # type: ignore[import-untyped]

    out = io.BytesIO()
    canvas = Canvas(out, (420, 300))
    for number, line in enumerate(PROSE):
        canvas.drawString(30, 250 - 20 * number, line)
    canvas.showPage()
    canvas.save()
    page = pypdfium2.PdfDocument(out.getvalue())[0].render(scale=200 / 72).to_pil()
    image = io.BytesIO()
    page.save(image, {"a.png": "PNG"}.get(name, "JPEG"))
    if name == "a.pdf":
        pdf = io.BytesIO()
        canvas = Canvas(pdf, (420, 300))
        canvas.drawImage(ImageReader(image), 0, 0, 420, 300)
        canvas.showPage()
        canvas.save()
        image = pdf
    path = tmp_path / "blob"
    path.write_bytes(image.getvalue())
    with Sandbox(1, ocr_seconds=300) as sandbox:
        document = sandbox.read(path, name, 800, 0)
    found, wanted = set(document.text.split()), " ".join(PROSE).split()
    assert sum(word in found for word in wanted) >= 0.9 * len(wanted)
    assert "text_recognized" in [each.code for each in document.warnings]
