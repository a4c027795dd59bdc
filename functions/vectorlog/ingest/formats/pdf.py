"""PDF."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text, Unreadable
from vectorlog.ingest.formats import (
    image,
    pdf_columns,
    pdf_extras,
    pdf_layout,
    pdf_lines,
    pdf_outline,
    pdf_signature,
    pdf_xfa,
    recognized_lines,
)
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.hyphenation import MARK, Hyphens
from vectorlog.ingest.inside import Inside, allowance
from vectorlog.ingest.ocr import HOW, Picture, active

if TYPE_CHECKING:
    import pypdfium2  # type: ignore[import-untyped]

_HYPHEN_AT_LINE_END = re.compile("[\ufffe\x02](?:\r?\n)?")
_PLACEHOLDERS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"if this message is not eventually replaced", re.IGNORECASE),
        "The PDF is a fillable form (XFA) that only Adobe Acrobat shows; its page only says to wait. Print it to PDF "
        "in Acrobat, and upload the result.",
    ),
    (
        re.compile(r"open this (?:pdf )?portfolio|for the best experience, open this", re.IGNORECASE),
        "The PDF is a portfolio, a cover around other files, and none of them can be read. Save the files in it with "
        "Adobe Acrobat, and upload them.",
    ),
    (
        re.compile(
            r"protected by (?:information )?rights management|protected (?:document|pdf file)[^.]{0,80}(?:compatible|"
            r"supported) (?:pdf )?(?:reader|viewer)|microsoft (?:information|purview information) protection",
            re.IGNORECASE,
        ),
        "The PDF is protected by rights management; its page only says so. Save it without protection, and upload it "
        "again.",
    ),
)
_LONGEST_PLACEHOLDER = 3_000
"""Characters of a document that may be no more than a placeholder."""
_LEAST_TEXT = 20
_COVERED = 0.5
"""Fewer characters are no text of a page, if an image covers such a share of it: a stamp, a number."""
_MOST_IMAGES = 50
_NO_TEXT = f"The PDF has no text layer; it is probably a scan. {HOW}"
_NOTHING_RECOGNIZED = "The PDF has no text layer, and no text was recognized on its pages."
_DOTS_PER_INCH = 200
_PER_INCH = 72
"""Points in an inch."""


@dataclass(frozen=True, slots=True)
class _Page:
    """A page: its text, its lines (None if they are not known), what was written into it later, and whether it is an
    image, or a drawing without text.
    """

    text: str
    lines: list[pdf_lines.Line] | None
    notes: list[str]
    is_scan: bool


def read(path: Path) -> Text:
    """Reads the text layer, page by page, then the fields of its forms, comments and attached files.

    Raises:
        Unreadable: the file is locked, has no text layer, or only the page that other programs than Acrobat show.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise Unreadable(
                "invalid_file", "The PDF is locked with a password. Remove the password and upload it again."
            ) from error
        raise
    try:
        with allowance(path.stat().st_size) as left:
            doc = DocumentBuilder()
            inside = Inside(doc, left)
            _read(document, doc, inside)
    finally:
        document.close()
    return doc.build()


def _read(document: pypdfium2.PdfDocument, doc: DocumentBuilder, inside: Inside) -> None:
    document.init_forms()
    pages = [_page(document, number) for number in range(len(document))]
    laid_out = list(pdf_lines.once([page.lines for page in pages]))
    named = pdf_outline.levels(laid_out, pdf_outline.bookmarks(document))
    sizes = pdf_layout.Sizes(laid_out, named)
    hyphens = Hyphens(
        page.text if lines is None else pdf_layout.marked(lines) for page, lines in zip(pages, laid_out, strict=True)
    )
    form = _xfa(document, doc)
    placeholder = _placeholder("\n".join(page.text for page in pages[:3]))
    blank: list[int] = []
    recognized: list[int] = []
    skipped: list[int] = []
    recognition = active()
    for number, (page, lines) in enumerate(zip(pages, laid_out, strict=True), 1):
        doc.page(label=_label(document, number))
        if lines is None and not placeholder:
            doc.plain(hyphens.resolved(page.text))
        elif lines is not None and not placeholder:
            pdf_layout.write(doc, lines, sizes, hyphens)
        for note in page.notes:
            doc.paragraph(note)
        if page.is_scan and not placeholder:
            is_over = recognition is not None and recognition.is_over
            pieces = recognition.read(partial(_picture, document, number - 1)) if recognition else []
            recognized_lines.write(doc, pieces)
            (recognized if pieces else skipped if is_over else blank).append(number)
    if recognition:
        recognition.tell(doc, _listed(recognized))
    for line in form:
        doc.paragraph(line)
    for name, data in pdf_extras.attachments(document):
        if data is None:
            inside.leave_out(name, "It is damaged or too large.")
        else:
            inside.add(name, data, f"Attachment: {name}")
    inside.finish()
    if doc.is_blank and recognition and skipped:
        raise Unreadable("invalid_file", f"The PDF has no text layer. {recognition.limit}")
    if doc.is_blank:
        raise Unreadable("invalid_file", placeholder or (_NOTHING_RECOGNIZED if recognition else _NO_TEXT))
    if blank:
        doc.warn(
            "pages_without_text",
            f"{len(blank)} of the PDF's {len(pages)} pages have no text"
            + ("." if recognition else f"; they may be scans. {HOW}"),
            _listed(blank),
        )


def _page(document: pypdfium2.PdfDocument, number: int) -> _Page:
    import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

    page = document[number]
    layer = page.get_textpage()
    text = layer.get_text_range()
    lines = pdf_lines.lines(layer, text)
    layer.close()
    fields, comments = pdf_extras.notes(document, page)
    drawn = pdfium.FPDFPage_CountObjects(page.raw) > 0
    written = len("".join(text.split()))
    scan = drawn and (not written or (written < _LEAST_TEXT and _is_covered(page)))
    page.close()
    notes = [*fields, *(f"Comment: {each}" for each in comments)]
    if lines is not None:
        lines = pdf_columns.in_order(lines)
    return _Page(_HYPHEN_AT_LINE_END.sub(MARK, text), lines, notes, scan)


def _is_covered(page: pypdfium2.PdfPage) -> bool:
    """Whether an image covers most of the page."""
    import pypdfium2.raw as pdfium

    images = page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,), max_depth=3)
    boxes = [each.get_bounds() for each, _ in zip(images, range(_MOST_IMAGES), strict=False)]
    areas = [(right - left) * (top - bottom) for left, bottom, right, top in boxes]
    return bool(max(areas, default=0.0) >= _COVERED * page.get_width() * page.get_height())


def _picture(document: pypdfium2.PdfDocument, number: int) -> Picture:
    page = document[number]
    area = max(page.get_width() * page.get_height(), 1.0)
    scale = min(_DOTS_PER_INCH / _PER_INCH, math.sqrt(image.MOST_PIXELS / area))
    pixels = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False).to_numpy()[..., :3]
    page.close()
    height, width = pixels.shape[:2]
    return Picture(width, height, pixels.tobytes())


def _listed(pages: list[int]) -> str:
    return f"page {', '.join(map(str, pages))}" if pages else ""


def _label(document: pypdfium2.PdfDocument, number: int) -> str:
    label = document.get_page_label(number - 1)
    return "" if label == str(number) else label


def _xfa(document: pypdfium2.PdfDocument, doc: DocumentBuilder) -> list[str]:
    xml = pdf_extras.xfa(document)
    if not xml:
        return []
    try:
        return pdf_xfa.lines(xml)
    except ElementTree.ParseError:
        doc.warn("damaged", "The form inside the PDF (XFA) could not be read; only its pages are.")
        return []


def _placeholder(text: str) -> str:
    """Returns why a document with this text is no more than a placeholder; empty if it is not."""
    if len(text) > _LONGEST_PLACEHOLDER:
        return ""
    line = " ".join(text.split())
    return next((reason for form, reason in _PLACEHOLDERS if form.search(line)), "")


FORMAT = Format(
    "a PDF",
    (".pdf",),
    read,
    begins=pdf_signature.begins,
    keeps=(
        "The text layer page by page, column by column where the file mixes two columns of prose, else in the order of "
        "the file, with printed page labels. Headings are what bookmarks name, and lines with larger letters. Lines of "
        "a paragraph and words that a line's end cut are joined, and rows of aligned cells are tables. Headers and "
        "footers once; values of form fields (also XFA); comments; attached files, each read by its own reader."
    ),
    leaves_out=(
        "Images, signatures, fonts; scanned pages, unless text is recognized with `--ocr`: a warning counts them. "
        "Headings that are only bold, and that no bookmark names, stay paragraphs. A file without any text layer "
        "fails, as do the placeholder pages of rights-managed files, portfolios and XFA forms without content."
    ),
)
