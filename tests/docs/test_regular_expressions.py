"""Regular expressions give the same on every Python that is supported."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("functions", "infra", "local_aws", "tools")
POSSESSIVE = re.compile(r"\)(?:[*+?]|\{\d*,?\d*\})\+")
"""A group that is repeated possessively, such as `(?:ab)*+`."""
HARMLESS = {
    r'(?:[^"\n]++|"[^"]*+"|")++': "a round that fails does so at its first character",
    r"(?:[^$\\\n]|\\.|\n(?![ \t]*\n))*+\$": "after a part of a round no `$` can follow",
    r"""<img\b((?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+)>""": "after a part of a round no `>` can follow",
}
"""Those for which the fault makes no difference, and why."""


@pytest.mark.long
def test_no_group_is_repeated_possessively() -> None:
    """Python 3.11.0 to 3.11.4, which Debian 12 has, keep what a failed round of such a repetition has read: of `hunt.`
    the point would belong to the word (github.com/python/cpython/issues/106052). Write `(?>(?:ab)*)`, which says the
    same.
    """
    wrong = []
    for path in sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                text = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
                if POSSESSIVE.search(text) and text not in HARMLESS:
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}: {text}")
    assert wrong == []
