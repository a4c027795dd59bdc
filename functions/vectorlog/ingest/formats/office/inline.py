"""The text inside a paragraph of a Word document: runs, fields, links, notes, and what is anchored there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from vectorlog.ingest.formats.office.formula import linear
from vectorlog.ingest.formats.office.package import Relation
from vectorlog.ingest.formats.office.xml import NAMES, attribute, child, is_on, is_on_attribute, number, value
from vectorlog.ingest.raised import Mark, Runs

_SKIPPED = frozenset(
    (
        *("del", "delText", "delInstrText", "moveFrom", "pPr", "rPr", "sdtPr", "sdtEndPr", "docPr", "cNvPr"),
        *("sectPr", "tblPr", "trPr", "tcPr", "bookmarkStart", "bookmarkEnd", "proofErr", "annotation", "binData"),
        *("fPr", "radPr", "naryPr", "dPr", "mPr", "sSupPr", "sSubPr", "ctrlPr", "rubyPr", "oMathParaPr", "style"),
        *("txPr", "spPr", "bodyPr", "nvPicPr", "wrapTight", "positionH", "positionV", "sizeRelH", "sizeRelV"),
    )
)
_SIGNS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_RAISED: Mapping[str | None, Mark] = {"superscript": "raised", "subscript": "lowered"}
_LINK = re.compile(r"""\s*HYPERLINK\s+(?:\\[a-z]\s+)*"?(?P<target>[^"\s\\][^"\s]*)""", re.IGNORECASE)
_PLACE = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)
_CHECKS = {"F0FE": "☒", "F0FD": "☒", "F0FC": "✓", "F0A8": "☐", "F06F": "☐", "F0A3": "☐", "F052": "☑", "F053": "☒"}


@dataclass(slots=True)
class Anchored:
    """What a paragraph refers to, besides its text.

    Attributes:
        boxes: the contents of text boxes.
        charts: ids of the relationships of charts.
        diagrams: ids of those of SmartArt.
        notes: kinds (`footnote` or `endnote`), ids and marks, in order.
        comments: ids.
    """

    boxes: list[Element] = field(default_factory=list)
    charts: list[str] = field(default_factory=list)
    diagrams: list[str] = field(default_factory=list)
    notes: list[tuple[str, str, str]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    images: int = 0
    objects: int = 0


def _mark(properties: Element | None) -> Mark:
    """Returns how the text of a run is set."""
    if properties is None:
        return ""
    if is_on(properties, "strike") or is_on(properties, "dstrike"):
        return "struck"
    return _RAISED.get(value(properties, "vertAlign"), "")


@dataclass(slots=True)
class _Field:
    """A field that is open: its code so far, and where its result begins in the text."""

    code: str = ""
    begins: int | None = None


class Inline:
    """Collects the text of one paragraph."""

    def __init__(self, relations: Mapping[str, Relation], marks: dict[tuple[str, str], str]) -> None:
        self._relations = relations
        self._marks = marks
        self._out: list[str] = []
        self._fields: list[_Field] = []
        self._runs = Runs(self._out)
        self.anchored = Anchored()

    @property
    def text(self) -> str:
        """The text so far."""
        self._runs.end()
        return "".join(self._out)

    def add(self, parent: Element) -> None:
        """Adds what is inside of an element."""
        for element in parent:
            match NAMES[element.tag]:
                case "r":
                    if not is_on(element, "rPr", "vanish"):
                        self._runs.begin(_mark(child(element, "rPr")))
                        self.add(element)
                case "t":
                    self._write(element.text or "")
                case "tab" | "ptab" | "br" | "cr" | "noBreakHyphen" as kind:
                    self._write(_SIGNS[kind])
                case "oMath":
                    self._runs.end()
                    self._write(linear(element))
                case "sym":
                    self._write(_CHECKS.get(attribute(element, "char").upper(), ""))
                case "ruby":
                    self._ruby(element)
                case "hyperlink":
                    self._runs.end()
                    start = len(self._out)
                    self.add(element)
                    self._runs.end()
                    relation = self._relations.get(attribute(element, "id"))
                    if relation is not None and relation.external:
                        self._link(start, relation.target)
                case "fldSimple":
                    self._runs.end()
                    start = len(self._out)
                    self.add(element)
                    self._runs.end()
                    self._end_field(attribute(element, "instr"), start)
                case "fldChar":
                    self._field(element)
                case "instrText":
                    if self._fields and self._fields[-1].begins is None:
                        self._fields[-1].code += (element.text or "")[:1000]
                case "AlternateContent":
                    choice = child(element, "Choice")
                    self.add(element if choice is None else choice)
                case "footnoteReference" | "endnoteReference" as kind:
                    self._note(kind.removesuffix("Reference"), element)
                case "commentReference":
                    self.anchored.comments.append(attribute(element, "id"))
                case "txbxContent":
                    self.anchored.boxes.append(element)
                case "chart" if attribute(element, "id"):
                    self.anchored.charts.append(attribute(element, "id"))
                case "relIds":
                    self.anchored.diagrams.append(attribute(element, "dm"))
                case "textpath":
                    self._write(attribute(element, "string"))
                case "blip" | "imagedata":
                    self.anchored.images += 1
                case "OLEObject":
                    self.anchored.objects += 1
                    self.anchored.images = max(0, self.anchored.images - 1)
                case kind if kind not in _SKIPPED:
                    self.add(element)

    def _write(self, text: str) -> None:
        if text and not (self._fields and self._fields[-1].begins is None):
            self._out.append(text)

    def _ruby(self, element: Element) -> None:
        self._runs.end()
        base, reading = child(element, "rubyBase"), child(element, "rt")
        if base is not None:
            self.add(base)
        if reading is not None:
            start = len(self._out)
            self.add(reading)
            read = "".join(self._out[start:])
            self._out[start:] = [f"({read})"] if read.strip() else []

    def _note(self, kind: str, element: Element) -> None:
        key = kind, attribute(element, "id")
        if is_on_attribute(element, "customMarkFollows"):
            mark = ""
        else:
            mark = self._marks.setdefault(key, f"[{len(self._marks) + 1}]")
            self._write(mark)
        self.anchored.notes.append((*key, mark))

    def _field(self, element: Element) -> None:
        self._runs.end()
        match attribute(element, "fldCharType"):
            case "begin":
                self._fields.append(_Field())
                self._form(child(element, "ffData"))
            case "separate" if self._fields:
                self._fields[-1].begins = len(self._out)
            case "end" if self._fields:
                ended = self._fields.pop()
                self._end_field(ended.code, len(self._out) if ended.begins is None else ended.begins)

    def _end_field(self, code: str, start: int) -> None:
        if match := _LINK.match(code):
            self._link(start, match["target"])
        elif _PLACE.match(code):
            del self._out[start:]

    def _form(self, data: Element | None) -> None:
        """Writes the value of an old form field, which has no result: a box to tick, or a choice."""
        box, choices = child(data, "checkBox"), child(data, "ddList")
        if box is not None:
            ticked = is_on(box, "checked") or (child(box, "checked") is None and is_on(box, "default"))
            self._out.append("☒" if ticked else "☐")
        elif choices is not None:
            entries = [attribute(each, "val") for each in choices if NAMES[each.tag] == "listEntry"]
            chosen = number(value(choices, "result") or value(choices, "default"), 0)
            self._out.append(entries[chosen] if chosen < len(entries) else "")

    def _link(self, start: int, target: str) -> None:
        text = "".join(self._out[start:])
        if text.strip() and target != text.strip():
            self._out[start:] = [f"[{text}]({target})"]
