"""Our OpenAI dialect and OpenAI's own specification: the differences are known, and each has a reason."""

from __future__ import annotations

from tools import openai_differences


def test_every_difference_is_reviewed() -> None:
    """A client of OpenAI's API meets no difference that nobody has thought about."""
    known = {line for kept in openai_differences.reviewed().values() for line in kept}
    new = sorted(openai_differences.found() - known)
    remedy = "Run 'python -m tools.openai_differences --write', and move the new lines below a reason."
    assert not new, f"{remedy}\n" + "\n".join(new)
    assert openai_differences.NEW not in openai_differences.reviewed(), "move the lines below a reason"


def test_no_reviewed_difference_is_gone() -> None:
    """The list says how it is, not how it was."""
    known = {line for kept in openai_differences.reviewed().values() for line in kept}
    gone = sorted(known - openai_differences.found())
    assert not gone, "Run 'python -m tools.openai_differences --write'.\n" + "\n".join(gone)
