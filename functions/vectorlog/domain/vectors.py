"""Vectors, the space in which they can be compared, and the chunks that carry them."""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass
from typing import TypeAlias

from vectorlog.domain.location import Location

Vector: TypeAlias = "array[float]"
"""Typecode `f` (float32), of unit length; numpy and struct read its buffer without a copy."""


@dataclass(frozen=True, slots=True)
class Space:
    """An embedding model and its number of dimensions. Only vectors of the same space can be compared.

    Attributes:
        model: `provider:name`. If the built-in model has come to compute other vectors, `#` and the revision follow.
            Names of other providers' models may end in the same way; they have one revision.
    """

    model: str
    dimensions: int

    @property
    def name(self) -> str:
        """The model as users call it: without the revision."""
        return model_name(self.model)

    @property
    def revision(self) -> int:
        """The revision of the model's vectors, from 1."""
        found = _REVISED.match(self.model)
        return int(found[2]) if found else 1


BUILT_IN = "local:"
"""How the names of models begin that have revisions."""
_REVISED = re.compile(rf"({BUILT_IN}[^#]*)#([0-9]+)\Z")


def model_of(name: str, revision: int) -> str:
    """Returns the `model` of a space for a model's name and the revision of its vectors.

    Raises:
        ValueError: a model that is not built in has no other revision than 1.
    """
    if revision == 1:
        return name
    if not name.startswith(BUILT_IN):
        raise ValueError(f"{name} is not built in, so it has no revision {revision}")
    return f"{name}#{revision}"


def model_name(model: str) -> str:
    """Returns the name of the `model` of a space."""
    found = _REVISED.match(model)
    return found[1] if found else model


@dataclass(frozen=True, slots=True)
class Frame:
    """What a passage is shown and searched with.

    Attributes:
        before: the lead-in: headings, a sheet's name and a table's header that the passage would be misunderstood
            without. Empty, or whole lines.
        after: what is shown after the passage: the end of code that was cut.
        words: what is found by words as if it were in the passage, but not shown: names of the file and the document.
    """

    before: str = ""
    after: str = ""
    words: str = ""


NO_FRAME = Frame()


@dataclass(frozen=True, slots=True)
class Chunk:
    """Chunk `n` of a file: its passage with its frame, and one vector for each of its windows (at least one).

    Attributes:
        text: the passage.
        location: of the passage; None if the chunk was ingested by a version that did not keep it.
        frame: empty if it was ingested by a version that made none.
    """

    n: int
    text: str
    vectors: tuple[Vector, ...]
    location: Location | None = None
    frame: Frame = NO_FRAME

    @property
    def shown(self) -> str:
        """What a search returns: the passage between what is shown before and after it."""
        return f"{self.frame.before}{self.text}{self.frame.after}"

    @property
    def searched(self) -> str:
        """What a search looks for words in: what is shown, with further words before it."""
        return f"{self.frame.words}\n{self.shown}" if self.frame.words else self.shown
