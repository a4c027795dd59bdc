"""What a reader tells about a file that it could read, but not in full or not for sure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

WarningCode: TypeAlias = Literal[
    "encoding_guessed",
    "pages_without_text",
    "text_recognized",
    "other_language",
    "left_out",
    "truncated",
    "formula_without_value",
    "damaged",
    "more_warnings",
]
"""The kinds of warnings (docs/contract.md, section 5.5):

- `encoding_guessed`: the bytes fit several encodings, and the likeliest was taken, or some lines of a UTF-8 file are in
  another one;
- `pages_without_text`: some pages are images;
- `text_recognized`: text was recognized in images (OCR), so it may have mistakes;
- `other_language`: the text is mostly in a language that the store's embedding model does not know;
- `left_out`: content that is not read, such as charts, macros or images, is in the file;
- `truncated`: only a part of the file was read, because of a limit;
- `formula_without_value`: the program that saved a workbook did not store what its formulas gave;
- `damaged`: a part of the file could not be read;
- `more_warnings`: stands for those that are not listed.
"""

MOST_WARNINGS = 20
LONGEST_MESSAGE = 300
LONGEST_WHERE = 100
"""How many warnings a file has at most, and of how many characters their texts are: a state holds them all."""


@dataclass(frozen=True, slots=True)
class FileWarning:
    """A warning: its kind, a sentence for the user, and the place in the file (empty for the whole file)."""

    code: WarningCode
    message: str
    where: str = ""


def bounded(warnings: Iterable[FileWarning]) -> tuple[FileWarning, ...]:
    """Returns warnings as they may be stored: each once, shortened, the first `MOST_WARNINGS`, and a last one that
    counts the others.
    """
    each = dict.fromkeys(
        FileWarning(one.code, _shortened(one.message, LONGEST_MESSAGE), _shortened(one.where, LONGEST_WHERE))
        for one in warnings
    )
    kept, left = tuple(each)[:MOST_WARNINGS], len(each) - MOST_WARNINGS
    if left <= 0:
        return kept
    return (*kept, FileWarning("more_warnings", f"There {'is' if left == 1 else 'are'} {left} more, not listed here."))


def _shortened(text: str, longest: int) -> str:
    line = " ".join(text[: 2 * longest].split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
