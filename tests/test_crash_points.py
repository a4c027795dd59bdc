"""Each handler, cut at every call that it makes to a port.

The functions of the AWS edition and the threads of the local one run the same code: use cases behind the API,
`Projector`, `Worker`, `Deliveries` and `sweep`. Here it is cut on the local adapters, with a clock that stands still;
tests/aws cuts the functions themselves on AWS's adapters. What only AWS has, records and reports of failed items, is in
tests/handlers.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.bench import Bench, DictIndex
from tests.support.crash_points import HANDLERS, cut

MANY_CALLS = {
    "work: erase",
    "work: purge",
    "work: close an upload",
    "api: complete an upload",
    "api: erase a file",
    "sweep",
}
"""Handlers that make so many calls that cutting each takes several seconds."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] * (name in MANY_CALLS)) for name in HANDLERS]
)
def test_cut(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the process dies, before the first call or after any (which is before the next), a repeated step has the
    same outcome as an uncut one, and nothing differs from the log or is left over.
    """
    assert cut(HANDLERS[name], _bench, tmp_path, monkeypatch)


def _bench(folder: Path, _: pytest.MonkeyPatch) -> Bench:
    folder.mkdir()
    return Bench(folder, index=DictIndex(), inline_files=0)
