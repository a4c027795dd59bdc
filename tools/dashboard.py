"""Writes the Grafana dashboard of a local server: `python -m tools.dashboard --write`; without it, prints the file.

What it asks for is in `dashboard_panels.py`. `tests/clients/test_metrics.py` checks that a server has all of it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.dashboard_panels import ROWS
from tools.dashboard_queries import Panel

FILE = Path(__file__).parents[1] / "dashboards" / "vectorlog.json"
COLUMNS = 24
"""The width of Grafana's grid."""
HEIGHT = 8
SOURCE = {"type": "prometheus", "uid": "${source}"}


def dashboard() -> dict[str, Any]:
    """Returns the dashboard as Grafana imports it (schema of version 10)."""
    return {
        "title": "Vectorlog",
        "uid": "vectorlog",
        "tags": ["vectorlog"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [*_variables()]},
        "panels": [*_panels()],
    }


def _variables() -> Iterator[dict[str, Any]]:
    yield {"name": "source", "label": "Data source", "type": "datasource", "query": "prometheus"}
    asked = "label_values(vectorlog_build_info, instance)"
    every = {"includeAll": True, "multi": True, "current": {"text": "All", "value": "$__all"}, "refresh": 2}
    yield {"name": "instance", "label": "Server", "type": "query", "datasource": SOURCE, "query": asked, **every}


def _panels() -> Iterator[dict[str, Any]]:
    number, y = 0, 0
    for title, panels in ROWS:
        number += 1
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": _place(0, y, COLUMNS, 1)}
        y += 1
        small = panels[0].kind == "stat"
        width, height = (COLUMNS // len(panels), 4) if small else (COLUMNS // 2, HEIGHT)
        for at, panel in enumerate(panels):
            number += 1
            across, down = divmod(at * width, COLUMNS)[::-1]
            yield _panel(number, panel, _place(across, y + down * height, width, height))
        y += height * -(-len(panels) * width // COLUMNS)


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.bad is not None:
        steps.append({"color": "red", "value": panel.bad})
    custom = {"stacking": {"mode": "normal"}, "fillOpacity": 30} if panel.stacked else {"fillOpacity": 5}
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
    if panel.kind != "stat":
        defaults |= {"custom": custom, "color": {"mode": "palette-classic"}}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}} if panel.kind != "stat" else {},
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": SOURCE, "expr": query, "legendFormat": legend or "__auto"}
            for at, (legend, query) in enumerate(panel.queries)
        ],
    }


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}


def text() -> str:
    """Returns the dashboard's file."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        FILE.write_text(text())
    else:
        sys.stdout.write(text())
