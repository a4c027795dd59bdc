"""Shapes of DrawingML on a slide or a sheet: their paragraphs, lists, tables, charts and SmartArt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from xml.etree.ElementTree import Element

from vectorlog.ingest.formats.office.charts import write_chart, write_diagram
from vectorlog.ingest.formats.office.formula import linear
from vectorlog.ingest.formats.office.grid import Cell, laid_out
from vectorlog.ingest.formats.office.lists import counted
from vectorlog.ingest.formats.office.package import Package, Relation
from vectorlog.ingest.formats.office.sink import Lines, Sink
from vectorlog.ingest.formats.office.xml import NAMES, attribute, child, named, number
from vectorlog.ingest.raised import Mark, Runs

_AUTO = (("arabic", "decimal"), ("roman", "Roman"), ("alpha", "Letter"))
_FURNITURE = ("sldNum", "dt", "hdr", "ftr")


class Shapes:
    """Writes what the shapes of a part say.

    Attributes:
        left: how many images and objects were found, which are not read.
        footers: texts of the footers.
    """

    def __init__(self, package: Package, part: str, out: Sink) -> None:
        self._package = package
        self._relations: Mapping[str, Relation] = package.relations(part)
        self._out = out
        self.left: Counter[str] = Counter()
        self.footers: list[str] = []

    def write(self, tree: Element, *, skip: Element | None = None, placeholders: bool = True) -> None:
        """Writes the shapes below an element, except `skip`; and without `placeholders` no placeholders."""
        for shape in tree:
            if shape is skip:
                continue
            match NAMES[shape.tag]:
                case "sp" | "cxnSp":
                    self._shape(shape, placeholders=placeholders)
                case "graphicFrame":
                    self._frame(shape)
                case "pic":
                    self.left["image"] += 1
                case "AlternateContent":
                    choice = child(shape, "Choice")
                    self.write(shape if choice is None else choice, skip=skip, placeholders=placeholders)
                case "grpSp" | "Choice" | "Fallback" | "twoCellAnchor" | "oneCellAnchor" | "absoluteAnchor" | "spTree":
                    self.write(shape, skip=skip, placeholders=placeholders)

    def _shape(self, shape: Element, *, placeholders: bool) -> None:
        placeholder = placeholder_of(shape)
        body = child(shape, "txBody")
        if body is None or (placeholder is not None and not placeholders):
            return
        kind = None if placeholder is None else attribute(placeholder, "type")
        if kind == "ftr":
            self.footers.append(self.plain(body))
        elif kind not in _FURNITURE:
            self.text(body, listed=kind in ("", "body", "obj"))

    def _frame(self, frame: Element) -> None:
        for each in named(frame, "tbl", "chart", "relIds", "oleObj"):
            match NAMES[each.tag]:
                case "tbl":
                    self._table(each)
                case "oleObj":
                    self.left["embedded object"] += 1
                case "chart":
                    root = self._part(attribute(each, "id"))
                    if root is not None:
                        write_chart(root, self._out)
                case "relIds":
                    root = self._part(attribute(each, "dm"))
                    if root is not None:
                        write_diagram(root, self._out)

    def _part(self, id_: str) -> Element | None:
        relation = self._relations.get(id_)
        return None if relation is None or relation.external else self._package.find(relation.target)

    def _table(self, table: Element) -> None:
        rows = [[each for each in row if NAMES[each.tag] == "tc"] for row in table if NAMES[row.tag] == "tr"]
        laid = [
            [
                Cell(self.plain(cell), number(attribute(cell, "gridSpan"), 1), attribute(cell, "vMerge") == "1")
                for cell in row
                if attribute(cell, "hMerge") != "1"
            ]
            for row in rows
        ]
        self._out.table(laid_out(laid))

    def plain(self, body: Element) -> str:
        """Returns the text of a body, a line for each paragraph."""
        lines = Lines()
        out, self._out = self._out, lines
        try:
            for inner in [body] if NAMES[body.tag] == "txBody" else named(body, "txBody"):
                self.text(inner, listed=False)
        finally:
            self._out = out
        return lines.text

    def text(self, body: Element, *, listed: bool) -> None:
        """Writes the paragraphs of a body; those of a list as items, also if only its layout says so (`listed`)."""
        counts: dict[int, int] = {}
        for paragraph in body:
            if NAMES[paragraph.tag] != "p":
                continue
            text = self.line(paragraph)
            if not text.strip():
                continue
            properties = child(paragraph, "pPr")
            level = number(attribute(properties, "lvl"), 0, 8) if properties is not None else 0
            auto = child(properties, "buAutoNum")
            counts = {
                each: count for each, count in counts.items() if each < level or (each == level and auto is not None)
            }
            if auto is not None:
                start = number(attribute(auto, "startAt"), 1)
                counts[level] = counts.get(level, start - 1) + 1
                self._out.item(text, level, _auto_mark(attribute(auto, "type"), counts[level]))
            elif child(properties, "buChar") is not None or (listed and child(properties, "buNone") is None):
                self._out.item(text, level)
            else:
                self._out.paragraph(text)

    def line(self, paragraph: Element) -> str:
        """Returns the text of a paragraph, with the addresses of links."""
        out: list[str] = []
        runs = Runs(out)
        for run in paragraph:
            name = NAMES[run.tag]
            runs.begin(_mark(child(run, "rPr")))
            if name == "br":
                out.append("\n")
            elif name == "fld" and attribute(run, "type") == "slidenum":
                continue
            elif name in ("r", "fld"):
                text = "".join(each.text or "" for each in run if NAMES[each.tag] == "t")
                link = child(run, "rPr", "hlinkClick")
                relation = self._relations.get(attribute(link, "id")) if link is not None else None
                if relation is not None and relation.external and text.strip() and text.strip() != relation.target:
                    text = f"[{text}]({relation.target})"
                out.append(text)
            elif name in ("AlternateContent", "m", "oMathPara", "oMath"):
                inner = child(run, "Choice")
                out.append(linear(run if inner is None else inner))
        runs.end()
        return "".join(out)


def _mark(properties: Element | None) -> Mark:
    """Returns how the text of a run is set: its baseline is moved by thousandths of a percent."""
    if properties is None:
        return ""
    if attribute(properties, "strike") not in ("", "noStrike"):
        return "struck"
    baseline = attribute(properties, "baseline").removesuffix("%")
    return "" if baseline.strip("0.-") == "" else "lowered" if baseline.startswith("-") else "raised"


def placeholder_of(shape: Element) -> Element | None:
    """Returns what says that a shape is a placeholder, and for what; None if it is none."""
    return child(shape, "nvSpPr", "nvPr", "ph")


def _auto_mark(kind: str, count: int) -> str:
    """Returns a number in one of PowerPoint's forms, such as `alphaLcParenR`."""
    form = next((to for prefix, to in _AUTO if kind.startswith(prefix)), "decimal")
    if form in ("Roman", "Letter"):
        form = ("upper" if "Uc" in kind else "lower") + form
    number_ = counted(count, form)
    if kind.endswith("ParenBoth"):
        return f"({number_})"
    return number_ + (")" if kind.endswith("ParenR") else "" if kind.endswith("Plain") else ".")
