"""Workbooks for tests, made from their parts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """A zip file of these parts."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return data.getvalue()


def workbook(
    rows: str,
    *,
    after: str = "",
    formats: tuple[str, ...] = (),
    strings: tuple[str, ...] = (),
    parts: Mapping[str, str] | None = None,
    related: Mapping[str, tuple[str, str]] | None = None,
    state: str = "visible",
) -> bytes:
    """An xlsx file of one sheet named Stock.

    Args:
        rows: the XML of its rows.
        after: the XML behind them.
        formats: number formats; a cell of style 1 has the first.
        strings: shared strings.
        parts: further parts.
        related: kinds and targets of the sheet's relationships, by id.
        state: `visible` or `hidden`.
    """
    codes = "".join(f'<numFmt numFmtId="{164 + n}" formatCode="{code}"/>' for n, code in enumerate(formats))
    styles = "".join(f'<xf numFmtId="{164 + n}"/>' for n in range(len(formats)))
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
            "_rels/.rels": _relations({"r": ("officeDocument", "xl/workbook.xml")}),
            "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
            f'<sheet name="Stock" sheetId="1" state="{state}" r:id="s"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": _relations(
                {
                    "s": ("worksheet", "worksheets/sheet1.xml"),
                    "t": ("sharedStrings", "sharedStrings.xml"),
                    "f": ("styles", "styles.xml"),
                }
            ),
            "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><numFmts>{codes}</numFmts>'
            f'<cellXfs><xf numFmtId="0"/>{styles}</cellXfs></styleSheet>',
            "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{"".join(f"<si>{each}</si>" for each in strings)}</sst>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
            f"<sheetData>{rows}</sheetData>{after}</worksheet>",
            "xl/worksheets/_rels/sheet1.xml.rels": _relations(related or {}),
            **(parts or {}),
        }
    )


def row(number: int, *cells: str | float | None) -> str:
    """The XML of a row; None stands for no cell."""
    made = []
    for place, cell in enumerate(cells):
        name = f"{chr(65 + place)}{number}"
        if isinstance(cell, str):
            made.append(f'<c r="{name}" t="inlineStr"><is><t>{cell}</t></is></c>')
        elif cell is not None:
            made.append(f'<c r="{name}"><v>{cell}</v></c>')
    return f'<row r="{number}">{"".join(made)}</row>'


def _relations(related: Mapping[str, tuple[str, str]]) -> str:
    each = "".join(
        f'<Relationship Id="{id_}" Type="{_OFFICE}/{kind}" Target="{target}"'
        + (' TargetMode="External"/>' if "://" in target else "/>")
        for id_, (kind, target) in related.items()
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{each}</Relationships>'
