"""Which call of a port met which fault, how often; and whether each pair was met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from tests.simulation.ports import PORTS, Kind
from tests.simulation.runner import Tally

KINDS: Sequence[Kind] = get_args(Kind)


def empty_cells(tally: Tally) -> list[str]:
    """Returns the pairs of a call and a fault that it can meet, but has not met."""
    return [
        f"{port}.{method} {kind}"
        for port, methods in PORTS.items()
        for method, kinds in methods.items()
        for kind in kinds
        if not tally.matrix[f"{port}.{method}", kind]
    ]


def describe(tally: Tally, adapters: Sequence[str]) -> str:
    """Returns a table of calls and faults."""
    lines = [
        f"calls and faults on {', '.join(adapters)}",
        " " * 20 + "".join(f"{kind:>13}" for kind in ("calls", *KINDS)),
    ]
    for port, methods in PORTS.items():
        for method, kinds in methods.items():
            name = f"{port}.{method}"
            cells = [str(tally.matrix[name, kind]) if kind in kinds else "" for kind in KINDS]
            lines.append(f"{name:<20}" + "".join(f"{cell:>13}" for cell in (str(tally.calls[name]), *cells)))
    if missing := empty_cells(tally):
        lines.append(f"never met: {', '.join(missing)}")
    return "\n".join(lines)
