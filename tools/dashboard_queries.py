"""What panels of a Grafana dashboard are made of: a record of one, and PromQL for counters, gauges and histograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SERVER = 'instance=~"$instance"'
RATE = "$__rate_interval"


@dataclass(frozen=True, slots=True)
class Panel:
    """A graph, or a number (`kind` is `stat`).

    Attributes:
        title: what it shows.
        unit: Grafana's name of the unit.
        queries: the legend of each, and its PromQL.
        about: what to look for; shown when the pointer is on the title.
        bad: from this value on, the panel is red.
        stacked: whether the graphs are put on top of each other.
    """

    title: str
    unit: str
    queries: Sequence[tuple[str, str]]
    about: str
    kind: str = "timeseries"
    bad: float | None = None
    stacked: bool = False


def quantile(share: float, metric: str, by: str = "", where: str = "") -> str:
    """Returns PromQL for the time within which this share of what a histogram counts was done."""
    groups = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({groups}) (rate({now(f'{metric}_bucket', where)}[{RATE}])))"


def rate(metric: str, by: str = "", where: str = "") -> str:
    """Returns PromQL for the increase of a counter in a second."""
    groups = f"sum by ({by}) " if by else "sum"
    return f"{groups}(rate({now(metric, where)}[{RATE}]))"


def now(metric: str, where: str = "") -> str:
    """Returns PromQL for what the chosen server says of a metric now."""
    return f"{metric}{{{', '.join(filter(None, (SERVER, where)))}}}"
