"""Jupyter notebooks."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.encoding.decoding import decoded
from vectorlog.ingest.formats import json_file, plain
from vectorlog.ingest.formats.encodings import tell
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.office.left_out import tell_left_out
from vectorlog.ingest.formats.web import markdown

_COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_OBJECT = re.compile(r"\s*<[^<>\n]{1,300}>\s*")
"""What Python shows of an object whose content only a richer form shows."""
_OLD_NAMES = {"text": "text/plain", "html": "text/html", "latex": "text/latex", "json": "application/json"}
"""Names of forms in notebooks from before 2015, in which output has them beside its type."""
_FORMS = ("text/markdown", "text/plain", "text/latex", "text/html", "application/json")


def read(path: Path) -> Text:
    """Reads the cells in order: prose unchanged, code in fences followed by its output as text. Leaves images out.

    A file that is no notebook is read as JSON, or as plain text.
    """
    found = decoded(path.read_bytes())
    try:
        notebook = json.loads(found.text)
    except (ValueError, RecursionError):
        return plain.read(path)
    cells = _cells(notebook)
    if cells is None:
        return json_file.read(path)
    language = _at(notebook, "metadata", "kernelspec", "language")
    document, left = DocumentBuilder(), Counter[str]()
    tell(document, found)
    parts = (part for cell in cells for part in _cell(cell, language if isinstance(language, str) else "", left))
    document.plain("\n\n".join(part for part in parts if part.strip()).replace("\n\n- ", "\n- "))
    tell_left_out(document, left)
    return document.build()


def _cells(notebook: object) -> list[Any] | None:
    """Returns the cells of a notebook; None if it is none. Until 2015 (nbformat 3) worksheets held them."""
    cells = _at(notebook, "cells")
    if isinstance(cells, list):
        return cells
    sheets = _at(notebook, "worksheets")
    if not isinstance(sheets, list):
        return None
    return [cell for sheet in sheets for cell in _at(sheet, "cells") or ()]


def _cell(cell: object, language: str, left: Counter[str]) -> Iterator[str]:
    source = _text(_at(cell, "source") or _at(cell, "input"))
    if _at(cell, "cell_type") == "heading":
        level = _at(cell, "level")
        yield f"{'#' * (level if isinstance(level, int) and 0 < level < 7 else 1)} {source}"
    elif _at(cell, "cell_type") != "code":
        yield source
    else:
        yield f"```{language}\n{source}\n```" if source.strip() else ""
        for output in _at(cell, "outputs") or ():
            yield _output(output, left)


def _output(output: object, left: Counter[str]) -> str:
    """Returns an output as text: what was printed, the error, or the form of a value that says most."""
    kind = _at(output, "output_type")
    if kind in ("error", "pyerr"):
        traceback = _at(output, "traceback")
        lines = "\n".join(map(str, traceback)) if isinstance(traceback, list) else ""
        return _COLOUR.sub("", lines or f"{_text(_at(output, 'ename'))}: {_text(_at(output, 'evalue'))}")
    if kind == "stream":
        return _COLOUR.sub("", _text(_at(output, "text")))
    data = _at(output, "data")
    forms = data if isinstance(data, dict) else _old_forms(output)
    for name in forms:
        if name.startswith("image/"):
            left["image"] += 1
        elif name.startswith("application/vnd.") or name == "application/javascript":
            left["chart or widget"] += 1
    return _COLOUR.sub("", _best(forms))


def _old_forms(output: object) -> dict[str, object]:
    if not isinstance(output, dict):
        return {}
    forms = {_OLD_NAMES[name]: value for name, value in output.items() if name in _OLD_NAMES}
    return forms | {f"image/{name}": "" for name in ("png", "jpeg", "svg") if name in output}


def _best(forms: Mapping[str, object]) -> str:
    said = {name: _form(name, forms[name]) for name in _FORMS if name in forms}
    said = {name: text for name, text in said.items() if text.strip()}
    richer = [name for name in said if name != "text/plain"]
    if richer and _OBJECT.fullmatch(said.get("text/plain", "")):
        del said["text/plain"]
    return next(iter(said.values()), "")


def _form(name: str, value: object) -> str:
    if name == "application/json":
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    return markdown(_text(value), titled=False) if name == "text/html" else _text(value)


def _text(value: object) -> str:
    """Returns a text that notebooks write as one, or as a list of lines."""
    if isinstance(value, list):
        return "".join(each for each in value if isinstance(each, str))
    return value if isinstance(value, str) else ""


def _at(value: object, *names: str) -> Any:  # noqa: ANN401
    """Returns what JSON has under a name, and under the next one in it; None if it has nothing."""
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


FORMAT = Format(
    "a notebook",
    (".ipynb",),
    read,
    by_name=True,
    keeps=(
        "The cells in order: prose, code in fences, and the output of code: what it printed, errors, and values as "
        "Markdown, text, LaTeX, HTML or JSON, whichever says more. A file that is no notebook is read as JSON or text."
    ),
    leaves_out="Images, charts and widgets in outputs: a warning counts them.",
)
