"""What is printed above and below the pages of an OpenDocument file."""

from __future__ import annotations

from vectorlog.ingest.formats.container import Container
from vectorlog.ingest.formats.office.open_text import OpenText
from vectorlog.ingest.formats.office.sink import Lines
from vectorlog.ingest.formats.office.xml import NAMES, attribute, named


def furniture(container: Container, *kinds: str) -> list[str]:
    """Returns what is printed above and below the pages, each text once; `kinds` are `header` and `footer`.

    Texts that are no more than a page's number are left out.
    """
    if "styles.xml" not in container.names:
        return []
    found: dict[str, None] = {}
    for each in named(container.tree("styles.xml"), "master-page"):
        for part in each:
            name = NAMES[part.tag].partition("-")[0]
            if name not in (kinds or ("header", "footer")) or attribute(part, "display") == "false":
                continue
            text = OpenText(container, Lines()).lines(part)
            least = 1 if next(named(part, "page-number", "sheet-name"), None) is None else 2
            if len([word for word in text.split() if any(letter.isalpha() for letter in word)]) >= least:
                found[text] = None
    return list(found)
