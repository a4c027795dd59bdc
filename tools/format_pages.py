"""Writes docs/formats.md, what is read of each format, from the registry: `python -m tools.format_pages --write`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.registry import FORMATS

PAGE = Path(__file__).parents[1] / "docs" / "formats.md"

_INTRODUCTION = """# Formats

Made from `ingest/formats/registry.py` by `python -m tools.format_pages --write`.

A file is recognised by its content, and only then by its name. Text of any kind is read, whatever its name.
A file that could be read, but not in full or not for sure, is `completed` with `warnings` (docs/contract.md, section
5.5). A file of which nothing can be read is `failed`, and its message says why and what to do.
"""
_END = """## Not read

- **Images and scans**, unless the server was started with `--ocr` (local edition). Images fail, and pages without text
  are counted in a warning; both say how to switch text recognition (OCR) on. The functions on AWS have none.
- **Recordings, programs, databases**, and archives other than zip, tar, gzip, bzip2 and xz. The message names what to
  upload instead.
- **Locked files.** Remove the password first.
"""


def document(formats: Sequence[Format]) -> str:
    """The page."""
    return "\n".join([_INTRODUCTION, *map(_section, formats), _END])


def _section(each: Format) -> str:
    label = each.label.removeprefix("an ").removeprefix("a ")
    return "\n".join(
        [
            f"## {label[0].upper()}{label[1:]}",
            "",
            f"Files: {', '.join(f'`{extension}`' for extension in each.extensions)}.",
            "",
            f"- Kept: {each.keeps}",
            f"- Left out: {each.leaves_out}",
            "",
        ]
    )


def main() -> None:
    """Prints the page, or writes it with `--write`."""
    page = document(FORMATS)
    if "--write" in sys.argv[1:]:
        PAGE.write_text(page)
    else:
        sys.stdout.write(page)


if __name__ == "__main__":
    main()
