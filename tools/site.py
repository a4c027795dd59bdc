"""Builds the documents as a site: `python -m tools.site [serve]`, which `./dev docs` runs.

The pages are README.md, the other pages beside it, and docs/, in the same folders, so that their links are the same on
a code host. What else they link to is copied. MkDocs fails at a link, a heading, an image or a page that is not found,
and at a page that the navigation lacks; it runs in an environment of its own, made by uv (`UV`, which `./dev` sets).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.site_alike import differences

ROOT = Path(__file__).parents[1]
MATERIAL = "mkdocs-material==9.8.1"
BUILT = ROOT / "site"
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s#]+)|<img [^>]*src=\"([^\"]+)\"|<source [^>]*srcset=\"([^\"]+)\"")


def main(arguments: Sequence[str]) -> int:
    """Builds the site, or serves it while it is written; returns the exit code."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        sys.stderr.write("site: there is no uv: run it as './dev docs'\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="vectorlog-site-") as folder:
        gather(Path(folder))
        command = ["serve"] if arguments[:1] == ["serve"] else ["build", "--strict"]
        mkdocs = [str(Path(uv).absolute()), "tool", "run", "--quiet", "--from", MATERIAL, "mkdocs"]
        variables = {"VECTORLOG_SITE_SOURCES": folder, "VECTORLOG_SITE": str(BUILT), "NO_MKDOCS_2_WARNING": "1"}
        environment = {**os.environ, **variables, "DISABLE_MKDOCS_2_WARNING": "true"}
        done = subprocess.run(
            [*mkdocs, *command, "--config-file", str(ROOT / "mkdocs.yml")], env=environment, check=False
        )
    if done.returncode or command[0] == "serve":
        return done.returncode
    unlike = {page: found for page in pages() if (found := differences(page, built(page)))}
    for page, found in unlike.items():
        sys.stderr.write(f"site: {page.relative_to(ROOT)} looks different on a code host: {found}\n")
    sys.stdout.write(f"{len(pages()) - len(unlike)} passed, {len(unlike)} failed\n")
    return 1 if unlike else 0


def pages() -> list[Path]:
    """Returns the Markdown files of the site."""
    return sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))


def built(page: Path) -> Path:
    """Returns the file of the site that a page becomes."""
    name = page.relative_to(ROOT).with_suffix(".html")
    return BUILT / (name.with_name("index.html") if page.stem == "README" else name)


def gather(folder: Path) -> None:
    """Copies the pages, and the files that they link to, into the same places below a folder."""
    for page in pages():
        for file in (page, *linked(page)):
            target = folder / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)


def linked(page: Path) -> Iterator[Path]:
    """Yields the files of the repository that a page links to or shows, but for pages."""
    for groups in _LINK.findall(page.read_text()):
        target = next(filter(None, groups))
        file = (page.parent / target).resolve()
        if "://" not in target and file.is_file() and file.suffix != ".md" and file.is_relative_to(ROOT):
            yield file


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
