"""The schema of events in docs/events.md: `python -m tools.events_page` prints it, `--write` puts it into the page."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from vectorlog.webhooks import payload

PAGE = Path(__file__).parents[1] / "docs/events.md"
BEGIN, END = '```json title="schema"\n', "```\n"


def schema() -> str:
    """Returns the schema as the page has it."""
    return json.dumps(payload.schema(), indent=2, ensure_ascii=False) + "\n"


def with_schema(page: str) -> str:
    """Returns the text of the page with the schema that the code has."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}{schema()}{END}{after}"


def main() -> None:
    """Prints the schema, or writes it into the page."""
    if "--write" in sys.argv[1:]:
        PAGE.write_text(with_schema(PAGE.read_text()))
    else:
        sys.stdout.write(schema())


if __name__ == "__main__":
    main()
