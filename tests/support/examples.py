"""How many random examples a test tries: all of them in `./dev test kills`, fewer in the quick suite."""

from __future__ import annotations

import os

VARIABLE = "VECTORLOG_TEST_EXAMPLES"
"""Set to `all` by `./dev test kills`, which runs the tests marked `random`."""
QUICK = 3
"""The quick suite tries one example of so many."""


def examples(number: int) -> int:
    """All of a number of examples, or the quick suite's part of them."""
    return number if os.environ.get(VARIABLE) == "all" else max(1, number // QUICK)
