"""Finds formulas, and text that TeX takes as it is written, in LaTeX: where they end, and what of them is kept."""

from __future__ import annotations

import re

_ENVIRONMENTS = (
    "equation|align|alignat|aligned|gather|gathered|multline|eqnarray|displaymath|math|flalign|IEEEeqnarray|dmath"
    "|subequations|split|array|cases|[pbBvV]?matrix|smallmatrix|tikzcd"
)
OPENING = rf"\\begin\{{(?P<environment>(?:{_ENVIRONMENTS})\*?)\}}|\\\[|\\\(|\$\$?"
"""What begins a formula; a group for the environment's name."""
VERBATIM = (
    r"\\(?:verb\*?|lstinline(?:\[[^\[\]\n]{0,200}\])?|mintinline(?:\[[^\[\]\n]{0,200}\])?\{\w{1,40}\})"
    r"(?:(?P<delimiter>[^\sa-zA-Z*{])(?P<raw>[^\n]{0,1000}?)(?P=delimiter)|\{(?P<braced>[^{}\n]{0,1000})\})"
    r"|\\(?:url|path|nolinkurl)\s{0,3}\{(?P<address>[^{}\s]{0,2000})\}"
)
"""Text that is kept as it is, also a `%`, up to the sign that it begins with; or in braces."""
_CLOSING = {"\\[": "\\]", "\\(": "\\)", "$$": "$$"}
_DOLLAR = re.compile(r"(?:[^$\\\n]|\\.|\n(?![ \t]*\n))*+\$", re.DOTALL)
_COMMENT = re.compile(r"((?:\A|[^\\])(?>(?:\\\\)*))%[^\n]*(?:\n[ \t]*|\Z)")
_LABEL = re.compile(r"\\label\{[^{}\n]{0,200}\}")


class Formulas:
    """Finds the ends of the formulas of a text. Each kind of end that there is no more of is looked for once."""

    def __init__(self) -> None:
        self._unended: set[str] = set()

    def end(self, opening: str, environment: str | None, text: str, at: int) -> int:
        """Returns where a formula ends whose opening ends at `at`; -1 if it does not."""
        if opening == "$":
            found = _DOLLAR.match(text, at)
            return found.end() if found else -1
        closing = f"\\end{{{environment}}}" if environment else _CLOSING[opening]
        stop = -1 if closing in self._unended else text.find(closing, at)
        if stop < 0:
            self._unended.add(closing)
            return -1
        return stop + len(closing)


def as_written(formula: str) -> str:
    """Returns a formula without comments and labels."""
    return _LABEL.sub("", _COMMENT.sub(r"\1\n", formula) if "%" in formula else formula)
