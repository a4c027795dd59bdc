"""PowerPoint presentations (pptx, pptm, ppsx, ppsm, potx, potm)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from xml.etree.ElementTree import Element

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.office.left_out import warn_left_out
from vectorlog.ingest.formats.office.package import Package
from vectorlog.ingest.formats.office.shapes import Shapes, placeholder_of
from vectorlog.ingest.formats.office.xml import NAMES, attribute, child, named

_TITLES = ("title", "ctrTitle")


def read(path: Path) -> Text:
    """Reads each slide as a page: its title, texts, tables, charts and SmartArt, then comments and the speaker's notes.

    Footers, and what stands on the slides' layouts and masters, are written once. Slide numbers and dates are left out.
    """
    with Package(path) as package:
        reader = _Reader(package)
        main = package.main("ppt/", "presentation.xml")
        root = package.root(main, "presentation")
        relations = package.relations(main)
        for each in named(root, "sldId"):
            relation = relations.get(_relation_id(each))
            if relation is not None and package.has(relation.target):
                reader.slide(relation.target)
        reader.document.title = reader.document.title or package.title()
        warn_left_out(reader.document, package, reader.left)
        return reader.document.build()


class _Reader:
    def __init__(self, package: Package) -> None:
        self._package = package
        self._seen: set[str] = set()
        """Texts that are written once, and the parts behind slides that were read."""
        self._authors: dict[str, str] = {}
        for name in package.names:
            if name.lower().startswith(("ppt/commentauthors", "ppt/authors")):
                root = package.find(name)
                for each in root if root is not None else ():
                    self._authors[attribute(each, "id")] = attribute(each, "name")
        self.document = DocumentBuilder()
        self.left: Counter[str] = Counter()

    def slide(self, part: str) -> None:
        self.document.page()
        root = self._package.find(part)
        tree = child(root, "cSld", "spTree")
        if tree is None:
            return
        shapes = Shapes(self._package, part, self.document)
        title = next((each for each in named(tree, "sp") if _placeholder_type(each) in _TITLES), None)
        if title is not None and (text := shapes.plain(title)).strip():
            first = _placeholder_type(title) == "ctrTitle" and not self._seen
            self.document.heading(1 if first else 2, text)
            self._seen.add(text)
        shapes.write(tree, skip=title)
        self._behind(part)
        for text in shapes.footers:
            self._once(text)
        self.left += shapes.left
        self._comments(part)
        for notes in self._package.related(part, "notesSlide"):
            self._notes(notes)

    def _behind(self, part: str) -> None:
        """Writes what stands on the slide's layout and master, with the first slide that has them."""
        for kind in ("slideLayout", "slideMaster"):
            for behind in self._package.related(part, kind):
                tree = child(self._package.find(behind), "cSld", "spTree") if behind not in self._seen else None
                if tree is not None:
                    fixed = Shapes(self._package, behind, self.document)
                    fixed.write(tree, placeholders=False)
                    self._seen.add(behind)
                part = behind

    def _once(self, text: str) -> None:
        if text not in self._seen:
            self._seen.add(text)
            self.document.paragraph(text)

    def _notes(self, part: str) -> None:
        tree = child(self._package.find(part), "cSld", "spTree")
        if tree is not None:
            shapes = Shapes(self._package, part, self.document)
            bodies = [each for each in named(tree, "sp") if _placeholder_type(each) == "body"]
            text = "\n".join(filter(None, map(shapes.plain, bodies)))
            self.document.paragraph(f"Notes: {text}" if text.strip() else "")

    def _comments(self, part: str) -> None:
        for comments in self._package.related(part, "comments"):
            root = self._package.find(comments)
            for each in named(root, "cm", "reply") if root is not None else ():
                author = self._authors.get(attribute(each, "authorId"), "")
                text = "\n".join(
                    "".join(run.text or "" for run in named(line, "t")) if NAMES[line.tag] == "p" else line.text or ""
                    for body in each
                    if NAMES[body.tag] in ("text", "txBody")
                    for line in (named(body, "p") if NAMES[body.tag] == "txBody" else [body])
                )
                if text.strip():
                    self.document.paragraph(f"Comment ({author}): {text}" if author else f"Comment: {text}")


def _placeholder_type(shape: Element) -> str | None:
    placeholder = placeholder_of(shape)
    return None if placeholder is None else attribute(placeholder, "type")


def _relation_id(slide: Element) -> str:
    """Returns the id of the relationship: `r:id`, beside which the slide's own `id` stands."""
    return next((value for key, value in slide.items() if "}" in key and NAMES[key] == "id"), "")


FORMAT = Format(
    "a presentation",
    (".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm"),
    read,
    office_folder="ppt/",
    keeps=(
        "Each slide as a page: title, texts, tables, texts of charts and SmartArt, comments and speaker notes; "
        "footers and the texts of layouts and masters once."
    ),
    leaves_out=(
        "Slide numbers, dates, images, recordings, animations, macros. Macros and damaged parts are told in a warning."
    ),
)
