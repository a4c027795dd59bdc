"""Writes the tables of settings in docs/deploying.md, and of alarms in docs/runbooks.md, from the stack: `python -m
tools.guide_tables`.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from infra.configuration import Configuration

DOCS = Path(__file__).parents[1] / "docs"
SETTINGS, ALARMS = DOCS / "deploying.md", DOCS / "runbooks.md"
_DESCRIPTION = re.compile(r'(?P<severity>\w+): (?P<said>.*) Runbook: [\w/.]+, "(?P<section>[^"]+)"\.')


def written(template: Mapping[str, Any]) -> dict[Path, str]:
    """The pages with their tables updated.

    Args:
        template: the stack's template.
    """
    tables = ((SETTINGS, "settings", settings()), (ALARMS, "alarms", alarms(template)))
    return {page: _with_table(page.read_text(), name, table) for page, name, table in tables}


def _with_table(page: str, name: str, table: str) -> str:
    """The page with the table between the comments at its beginning and end."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{table}\n\n{end}{rest.partition(end)[2]}"


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
    rows = []
    for each in found:
        said = _DESCRIPTION.fullmatch(each["AlarmDescription"])
        if said is None:
            raise ValueError(f"{each['AlarmName']} names no severity or runbook")
        link = f"[`{_last(each['AlarmName'])}`](#{said['section']})"
        rows.append((link, said["severity"], said["said"]))
    return _table(("Alarm", "Severity", "What has happened, and what to do first"), rows)


def _last(name: str) -> str:
    return name.split("-", 2)[2]


def _default(value: object) -> str:
    text = ",".join(value) if isinstance(value, tuple) else str(value)
    return f"`{text}`" if text else "–"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


def main() -> int:
    """Writes the pages."""
    from aws_cdk import App
    from aws_cdk.assertions import Template

    from infra.assets import Assets
    from infra.stack import VectorlogStack

    stack = VectorlogStack(
        App(), "Vectorlog-dev", configuration=Configuration(), assets=Assets("arm64", bundling=False)
    )
    for page, text in written(Template.from_stack(stack).to_json()).items():
        page.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
