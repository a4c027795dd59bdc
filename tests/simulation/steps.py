"""The steps of a history, as records that can be replayed, also when some of them are left out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.ports import Fault


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its kind, what it is about, and the fault that it meets.

    Things are named by the number of the step that makes them: step 12 makes file `f12`, store `s12` or batch `b12`.
    """

    number: int
    kind: str
    about: Mapping[str, Any] = field(default_factory=dict)
    fault: Fault | None = None

    def text(self) -> str:
        """Returns the step as a line of JSON."""
        return json.dumps([self.number, self.kind, self.about, self.fault])
