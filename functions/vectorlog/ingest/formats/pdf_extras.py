"""What a PDF has beside the text of its pages: fields of forms, comments, files and outlines."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pypdfium2  # type: ignore[import-untyped]

MOST_ATTACHMENT_BYTES = 64 << 20
"""Larger attachments are not read."""
_MOST_STRING = 1 << 20
"""Bytes of a field's value, or of a comment, that are read."""
_BUTTONS = (1, 2, 3)
"""FPDF_FORMFIELD_PUSHBUTTON, CHECKBOX, RADIOBUTTON."""
_PUSHBUTTON, _SIGNATURE = 1, 7
_OFF = ("Off", "")
_WIDGET, _LINK, _POPUP = 20, 2, 16
"""Kinds of annotations: FPDF_ANNOT_WIDGET and so on."""


def notes(document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage) -> tuple[list[str], list[str]]:
    """Returns the fields of forms on a page, as `name: value`, and the comments, as `author: text`; each once."""
    import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

    fields: dict[str, None] = {}
    comments: dict[str, str] = {}
    for number in range(pdfium.FPDFPage_GetAnnotCount(page.raw)):
        annotation = pdfium.FPDFPage_GetAnnot(page.raw, number)
        if not annotation:
            continue
        kind = pdfium.FPDFAnnot_GetSubtype(annotation)
        if kind == _WIDGET:
            if document.formenv is not None and (field := _field(document.formenv.raw, annotation)):
                fields[field] = None
        elif kind != _LINK and (text := _annotation_text(annotation, b"Contents")):
            comments.setdefault(text, "" if kind == _POPUP else _annotation_text(annotation, b"T"))
        pdfium.FPDFPage_CloseAnnot(annotation)
    return list(fields), [f"{author}: {text}" if author else text for text, author in comments.items()]


def _field(form: Any, annotation: Any) -> str:  # noqa: ANN401 (ctypes pointers)
    import pypdfium2.raw as pdfium

    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (_PUSHBUTTON, _SIGNATURE):
        return ""
    value = _form_text(pdfium.FPDFAnnot_GetFormFieldValue, form, annotation).strip()
    if kind in _BUTTONS:
        value = "" if value in _OFF or not pdfium.FPDFAnnot_IsChecked(form, annotation) else value
    if not value:
        return ""
    name = _form_text(pdfium.FPDFAnnot_GetFormFieldAlternateName, form, annotation).strip() or _form_text(
        pdfium.FPDFAnnot_GetFormFieldName, form, annotation
    )
    return f"{name}: {value}"


def attachments(document: pypdfium2.PdfDocument) -> Iterator[tuple[str, bytes | None]]:
    """Yields the files in a PDF: names, and bytes; None for one that is too large or damaged."""
    import pypdfium2.raw as pdfium

    for number in range(pdfium.FPDFDoc_GetAttachmentCount(document.raw)):
        attachment = pdfium.FPDFDoc_GetAttachment(document.raw, number)
        name = _wide(partial(pdfium.FPDFAttachment_GetName, attachment), pdfium.FPDF_WCHAR)
        size = ctypes.c_ulong()
        found = pdfium.FPDFAttachment_GetFile(attachment, None, 0, size)
        if not found or not 0 < size.value <= MOST_ATTACHMENT_BYTES:
            yield name, None
            continue
        buffer = ctypes.create_string_buffer(size.value)
        pdfium.FPDFAttachment_GetFile(attachment, buffer, size.value, size)
        yield name, buffer.raw[: size.value]


def xfa(document: pypdfium2.PdfDocument) -> bytes:
    """Returns the XML of a form made with LiveCycle; empty if there is none."""
    import pypdfium2.raw as pdfium

    packets = []
    for number in range(max(0, pdfium.FPDF_GetXFAPacketCount(document.raw))):
        size = ctypes.c_ulong()
        pdfium.FPDF_GetXFAPacketContent(document.raw, number, None, 0, size)
        if 0 < size.value <= MOST_ATTACHMENT_BYTES:
            buffer = ctypes.create_string_buffer(size.value)
            pdfium.FPDF_GetXFAPacketContent(document.raw, number, buffer, size.value, size)
            packets.append(buffer.raw[: size.value])
    return b"".join(packets)


def _annotation_text(annotation: Any, key: bytes) -> str:  # noqa: ANN401
    import pypdfium2.raw as pdfium

    text = _wide(lambda buffer, size: pdfium.FPDFAnnot_GetStringValue(annotation, key, buffer, size), pdfium.FPDF_WCHAR)
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _form_text(function: Any, form: Any, annotation: Any) -> str:  # noqa: ANN401
    import pypdfium2.raw as pdfium

    return _wide(lambda buffer, size: function(form, annotation, buffer, size), pdfium.FPDF_WCHAR)


def _wide(call: Any, kind: Any) -> str:  # noqa: ANN401
    """Calls a function of PDFium that writes UTF-16 with a NUL at its end, first to learn the size in bytes."""
    size = min(int(call(None, 0)), _MOST_STRING)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    call(ctypes.cast(buffer, ctypes.POINTER(kind)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace").rstrip("\0")
