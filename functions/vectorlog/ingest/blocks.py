"""The structure of a text: which characters are a heading, a paragraph, a list item, code or a row of a table."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum


class Kind(IntEnum):
    """The kinds of blocks. Their numbers are not stored anywhere."""

    HEADING = 0
    PARAGRAPH = 1
    ITEM = 2
    """An item of a list."""
    CODE = 3
    """Code, with the fence around it if it has one."""
    HEADER = 4
    """A row of a table that names its columns."""
    ROW = 5
    """Any other row of a table."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block: characters `start` up to `end` of the text, without white space around it.

    Attributes:
        level: of a heading, where 1 is the highest; of an item, 0 outside of other items.
        title: of a heading, on one line and without marks.
    """

    kind: Kind
    start: int
    end: int
    level: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: characters `start` up to `end` of the text. Its header ends at `header`: at `start` if it has none."""

    start: int
    end: int
    header: int


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of a text, in order, none inside another. A text may have characters outside of all blocks.

    A sequence of `Block`, kept as arrays because a table may have millions of rows.
    """

    kinds: bytearray = field(default_factory=bytearray)
    starts: array[int] = field(default_factory=lambda: array("q"))
    ends: array[int] = field(default_factory=lambda: array("q"))
    levels: bytearray = field(default_factory=bytearray)
    titles: dict[int, str] = field(default_factory=dict)
    """By the number of the block."""

    def add(self, kind: Kind, start: int, end: int, level: int = 0, title: str = "") -> None:
        """Appends a block."""
        if title:
            self.titles[len(self.kinds)] = title
        self.kinds.append(kind)
        self.starts.append(start)
        self.ends.append(end)
        self.levels.append(min(level, 255))

    def extend(self, others: Blocks, offset: int, deeper: int = 0) -> None:
        """Appends the blocks of a text that begins at `offset` of this one. Headings become `deeper` by that many
        levels.
        """
        first = len(self.kinds)
        self.titles.update((first + number, title) for number, title in others.titles.items())
        self.kinds.extend(others.kinds)
        self.starts.extend(start + offset for start in others.starts)
        self.ends.extend(end + offset for end in others.ends)
        self.levels.extend(
            min(level + deeper, 255) if kind == Kind.HEADING else level
            for kind, level in zip(others.kinds, others.levels, strict=True)
        )

    def __len__(self) -> int:
        return len(self.kinds)

    def __getitem__(self, number: int) -> Block:
        return Block(
            Kind(self.kinds[number]),
            self.starts[number],
            self.ends[number],
            self.levels[number],
            self.titles.get(number, ""),
        )

    def __iter__(self) -> Iterator[Block]:
        return map(self.__getitem__, range(len(self)))

    def of(self, kind: Kind) -> Iterator[Block]:
        """Yields the blocks of one kind."""
        number = self.kinds.find(kind)
        while number >= 0:
            yield self[number]
            number = self.kinds.find(kind, number + 1)
