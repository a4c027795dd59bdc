"""Makes PDFs object by object, with what reportlab cannot write."""

from __future__ import annotations

from collections.abc import Sequence


def pdf(
    lines: Sequence[str] = (), *, annotations: Sequence[bytes] = (), catalog: bytes = b"", more: Sequence[bytes] = ()
) -> bytes:
    """Returns a PDF of one page with these lines.

    Args:
        lines: in 11 pt, from the top.
        annotations: the dictionaries of the page's annotations.
        catalog: further entries of the catalog.
        more: further objects; the first has number `6 + len(annotations)`.
    """
    shown = b"".join(b"(%s) Tj 0 -20 Td " % line.encode("cp1252") for line in lines)
    content = b"BT /F1 11 Tf 72 700 Td " + shown + b"ET"
    first = 6
    references = b" ".join(b"%d 0 R" % (first + number) for number in range(len(annotations)))
    return objects(
        [
            b"<</Type/Catalog/Pages 2 0 R" + catalog + b">>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>/Annots["
            + references
            + b"]>>",
            stream(content),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            *annotations,
            *more,
        ]
    )


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """Returns a stream."""
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(data), data)


def objects(each: Sequence[bytes]) -> bytes:
    """Returns a PDF of these objects, numbered from 1; the first is the catalog."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, one in enumerate(each, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(each) + 1) + table
    return bytes(out) + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(each) + 1, start)
