"""A planted bug: a small change of the product's code that a test has to find."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PACKAGE = "functions/vectorlog"


class DoesNotApply(Exception):
    """The code has changed, so that a planted bug no longer applies exactly once. The message says where."""


@dataclass(frozen=True, slots=True)
class Bug:
    """A small change that breaks a promise.

    Attributes:
        name: in kebab case.
        module: the module that it changes, below `functions/vectorlog/`.
        old: the text that it replaces, which the module contains exactly once.
        new: what it puts there.
        loses: a sentence about what a user would lose.
        found_by: pytest's ids of the tests that are expected to find it, below `tests/`: files, classes or functions.
    """

    name: str
    module: str
    old: str
    new: str
    loses: str
    found_by: tuple[str, ...]

    @property
    def path(self) -> str:
        """The module's path from the root of the checkout."""
        return f"{PACKAGE}/{self.module}"

    @property
    def tests(self) -> list[str]:
        """What to pass to pytest."""
        return [f"tests/{each}" for each in self.found_by]

    def plant(self, root: Path) -> str:
        """Returns the text of the module with the bug; `root` is that of the checkout.

        Raises:
            DoesNotApply: the module does not exist, or does not contain `old` exactly once.
        """
        module = root / self.path
        if not module.is_file():
            raise DoesNotApply(f"{self.name}: there is no {self.path}")
        text = module.read_text()
        if (times := text.count(self.old)) != 1:
            raise DoesNotApply(f"{self.name}: {self.path} contains the text that it replaces {times} times, not once")
        return text.replace(self.old, self.new)
