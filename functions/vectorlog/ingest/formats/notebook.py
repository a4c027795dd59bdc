"""Jupyter notebooks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.encodings import decode
from vectorlog.ingest.formats.format import Format


def read(path: Path) -> Text:
    """Reads the cells in order: prose unchanged, code in fences followed by its text output. Leaves images out."""
    notebook = json.loads(decode(path.read_bytes()))
    sheets = notebook.get("worksheets", ())  # notebooks from before 2015 (nbformat 3) nest their cells in worksheets
    cells = notebook["cells"] if "cells" in notebook else [cell for sheet in sheets for cell in sheet["cells"]]
    language = notebook.get("metadata", {}).get("kernelspec", {}).get("language", "")
    parts = (part for cell in cells for part in _cell(cell, language))
    document = DocumentBuilder()
    document.plain("\n\n".join(part for part in parts if part.strip()).replace("\n\n- ", "\n- "))
    return document.build()


def _cell(cell: dict[str, Any], language: str) -> Iterator[str]:
    source = "".join(cell.get("source", cell.get("input", "")))
    if cell["cell_type"] != "code":
        yield source
        return
    yield f"```{language}\n{source}\n```" if source.strip() else ""
    for output in cell.get("outputs", ()):
        yield "".join(output.get("text") or output.get("data", {}).get("text/plain", ""))


FORMAT = Format(
    "a notebook",
    (".ipynb",),
    read,
    by_name=True,
    keeps="The cells in order: prose, code in fences, and the text output of code.",
    leaves_out="Images, charts and widgets in outputs.",
)
