"""Writes the tables of settings and alarms in docs/deploying.md from the stack: `python -m tools.guide_tables`."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from infra.configuration import Configuration
from infra.monitoring.alarms import GUIDE

PAGE = Path(__file__).parents[1] / "docs" / "deploying.md"


def written(page: str, template: Mapping[str, Any]) -> str:
    """The page with its tables updated.

    Args:
        page: has a comment at the beginning and end of each table.
        template: the stack's template.
    """
    for name, table in (("settings", settings()), ("alarms", alarms(template))):
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n{table}\n\n{end}{rest.partition(end)[2]}"
    return page


def settings() -> str:
    """The table of settings: name, default and meaning, from `Configuration`'s docstring."""
    said = inspect.cleandoc(Configuration.__doc__ or "").partition("Attributes:\n")[2]
    defaults = {field.name: field.default for field in fields(Configuration)}
    rows = []
    for names, meaning in re.findall(r"^    (\w[\w, ]*): (.*(?:\n        .*)*)", said, flags=re.M):
        each = [name.strip() for name in names.split(",")]
        shown = ", ".join(f"`{name}`" for name in each)
        rows.append((shown, ", ".join(_default(defaults.pop(name)) for name in each), re.sub(r"\s+", " ", meaning)))
    if defaults:
        raise ValueError(f"Configuration's docstring does not describe {', '.join(defaults)}")
    return _table(("Setting", "Default", ""), rows)


def alarms(template: Mapping[str, Any]) -> str:
    """The table of alarms, in the stack's order."""
    found = [each["Properties"] for each in template["Resources"].values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    rows = [
        (f"`{_last(each['AlarmName'])}`", each["AlarmDescription"].removesuffix(f" See {GUIDE}.")) for each in found
    ]
    return _table(("Alarm", "What has happened, and what to do"), rows)


def _last(name: str) -> str:
    return name.split("-", 2)[2]


def _default(value: object) -> str:
    text = ",".join(value) if isinstance(value, tuple) else str(value)
    return f"`{text}`" if text else "–"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


def main() -> int:
    """Writes the page."""
    from aws_cdk import App
    from aws_cdk.assertions import Template

    from infra.assets import Assets
    from infra.stack import VectorlogStack

    stack = VectorlogStack(
        App(), "Vectorlog-dev", configuration=Configuration(), assets=Assets("arm64", bundling=False)
    )
    PAGE.write_text(written(PAGE.read_text(), Template.from_stack(stack).to_json()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
