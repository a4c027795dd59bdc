"""How our OpenAI dialect differs from OpenAI's published specification.

`python -m tools.openai_differences` prints what the reviewed list lacks. `--write` updates the list: what is gone is
removed, and what is new is put below NEW, for someone to move below a reason. `--published FILE` first takes the
operations from a newer openapi.json of github.com/openai/openai-openapi.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tools.openapi_shapes import differences, shapes
from vectorlog.api.dialect import OPENAI
from vectorlog.api.openapi.document import document

FOLDER = Path(__file__).parents[1] / "tests/api/openapi"
PUBLISHED = FOLDER / "published.json"
REVIEWED = FOLDER / "differences.txt"
NEW = "# Not reviewed yet"
RESOURCES = (
    "/embeddings",
    "/files",
    "/models",
    "/organization/admin_api_keys",
    "/organization/projects/{project_id}/rate_limits",
    "/organization/usage/vector_stores",
    "/uploads",
    "/vector_stores",
)
SOURCE = (
    "Reduced from github.com/openai/openai-openapi, openapi.json: which fields the operations of these resources take "
    "and answer. MIT License, Copyright (c) OpenAI (https://openai.com)."
)


def operations(found: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Returns the shapes of a document's operations on our resources, by method and path without the prefix."""
    return {
        f"{method.upper()} {path.removeprefix(prefix)}": shapes(found, operation)
        for path, methods in found["paths"].items()
        if path.removeprefix(prefix).startswith(RESOURCES)
        for method, operation in methods.items()
        if method in ("get", "post", "delete")
    }


def found() -> set[str]:
    """Returns the differences as they are."""
    published = json.loads(PUBLISHED.read_text())["operations"]
    return differences(published, operations(json.loads(json.dumps(document([OPENAI]))), OPENAI.prefix))


def reviewed() -> dict[str, list[str]]:
    """Returns the reviewed differences by reason."""
    groups: dict[str, list[str]] = {}
    reason = NEW
    for line in REVIEWED.read_text().splitlines():
        if line.startswith("# "):
            reason = line
            groups[reason] = []
        elif line:
            groups[reason].append(line)
    return groups


def write(lines: set[str]) -> None:
    """Updates the reviewed list."""
    groups = {reason: sorted(lines & set(kept)) for reason, kept in reviewed().items() if reason != NEW}
    new = sorted(lines - {line for kept in groups.values() for line in kept})
    groups |= {NEW: new} if new else {}
    text = "\n\n".join("\n".join([reason, *kept]) for reason, kept in groups.items() if kept)
    REVIEWED.write_text(f"{text}\n")


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--published", type=Path)
    arguments = parser.parse_args()
    if arguments.published:
        theirs = json.loads(arguments.published.read_text())
        reduced = {"source": SOURCE, "version": theirs["info"]["version"], "operations": operations(theirs, "")}
        PUBLISHED.write_text(json.dumps(reduced, indent=1, sort_keys=True) + "\n")
    lines, known = found(), {line for kept in reviewed().values() for line in kept}
    if arguments.write:
        write(lines)
    sys.stdout.writelines(f"+ {line}\n" for line in sorted(lines - known))
    sys.stdout.writelines(f"- {line}\n" for line in sorted(known - lines))


if __name__ == "__main__":
    main()
