"""What the attributes of a file say of its place: `path`, `folder`, `extension`, `modified`, and names in its path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vectorlog.syncing.items import LONGEST_PATH, Item

_MOST = 16
"""Attributes of a file (docs/contract.md, section 5.1)."""


class BadPattern(Exception):
    """A pattern of paths cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Description:
    """Makes the attributes of files.

    Attributes:
        fixed: attributes that every file gets.
        pattern: see `pattern_of`, or None.
        value_of: makes a value of a text that the pattern found.
    """

    fixed: Mapping[str, Any] = field(default_factory=dict)
    pattern: re.Pattern[str] | None = None
    value_of: Callable[[str], Any] = str

    def attributes(self, item: Item, **own: str) -> dict[str, Any]:
        """The attributes of a file, with `own` ones, such as `sha256`.

        Raises:
            ValueError: they are more than a file can have.
        """
        folder, _, name = item.path.rpartition("/")
        found: dict[str, Any] = {"folder": folder} if folder else {}
        extension = name.rpartition(".")[2].lower() if "." in name.strip(".") else ""
        if extension:
            found["extension"] = extension[:LONGEST_PATH]
        if item.modified is not None:
            found["modified"] = item.modified
        if self.pattern is not None and (match := self.pattern.fullmatch(item.path)):
            found |= {key: self.value_of(text) for key, text in match.groupdict().items()}
        found |= {**self.fixed, "path": item.path, **own}
        if len(found) > _MOST:
            raise ValueError(f"it would have {len(found)} attributes, and a file has at most {_MOST}")
        return found


def pattern_of(text: str) -> re.Pattern[str]:
    """Returns a pattern such as `{customer}/{year}/*` as an expression. `{name}` is text without a slash that becomes
    an attribute, `*` text without a slash, `**` any text.

    Raises:
        BadPattern: it is none.
    """
    made, names = "", set()
    for part in re.split(r"(\{[^{}]*\}|\*\*|\*)", text):
        if part.startswith("{") and part.endswith("}"):
            name = part[1:-1]
            if not name.isidentifier() or not name.isascii():
                raise BadPattern(f"{part} is no name of letters, digits and '_'.")
            if name in names or name in ("path", "sha256", "source"):
                raise BadPattern(f"{part} occurs twice, or is an attribute that files get anyway.")
            names.add(name)
            made += f"(?P<{name}>[^/]+)"
        else:
            made += {"**": ".*", "*": "[^/]*"}.get(part, re.escape(part))
    if not names:
        raise BadPattern(f"{text!r} names no attribute, such as {{year}}.")
    return re.compile(made, re.DOTALL)
