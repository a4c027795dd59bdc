"""Citations and links in code and documents lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))

CITATION = re.compile(
    r"""(?<![\w/])((?:docs/)?[\w-]+\.md)      # a page
    (?:,\s+(?:sections?\s+(\d+(?:\.\d+)?)     # and a section by its number
    |["'“]([^"'”\n]+)["'”]))?""",  # or its title
    re.VERBOSE,
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]*)(?:#([\w-]+))?\)")
PLACE = re.compile(r"`((?:tests|docs|functions|infra|tools|local_aws|benchmarks|events)/[\w./-]+)`")


@cache
def headings(page: Path) -> list[str]:
    return re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL), flags=re.MULTILINE)


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def texts() -> Iterator[Path]:
    """Every page, and every module of ours."""
    yield from PAGES
    for folder in ("functions", "infra", "local_aws", "tools", "benchmarks", "tests"):
        yield from (path for suffix in ("py", "toml") for path in (ROOT / folder).rglob(f"*.{suffix}"))


def unwrapped(path: Path) -> str:
    """The text with line breaks inside docstrings and comments read as spaces."""
    return re.sub(r"\n\s*(?:# )?", " ", path.read_text())


def cited(name: str, citing: Path) -> Path | None:
    """The page of a citation: from the root, or beside the page that cites it."""
    return next((page for page in (ROOT / name, citing.parent / name) if page.is_file()), None)


def test_every_citation_names_a_page_and_section_that_exist() -> None:
    """`docs/contract.md, section 8` in a docstring can be looked up: the file has a heading of that number or title."""
    wrong = []
    for path in texts():
        if path == Path(__file__):
            continue
        for name, number, title in CITATION.findall(unwrapped(path)):
            page = cited(name, path)
            if page is None:
                if name.startswith("docs/"):
                    wrong.append(f"{path.relative_to(ROOT)}: {name} does not exist")
            elif (number and not any(each.startswith((f"{number} ", f"{number}. ")) for each in headings(page))) or (
                title and title not in headings(page)
            ):
                wrong.append(f"{path.relative_to(ROOT)}: {name} has no section {number or title!r}")
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_heading(page: Path) -> None:
    """A relative link of a page opens a file of the repository, at a heading that is there."""
    wrong = []
    for target, fragment in LINK.findall(page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (fragment and fragment not in map(anchor, headings(file))):
            wrong.append(f"{target}#{fragment}")
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_in_a_page_exists(page: Path) -> None:
    """A path that a page writes as code, from the root of the repository, is there."""
    assert [path for path in PLACE.findall(page.read_text()) if not (ROOT / path).exists()] == []
