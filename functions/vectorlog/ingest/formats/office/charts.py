"""Charts and SmartArt, in whichever kind of Office file they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from vectorlog.ingest.formats.office.number_format import formatter
from vectorlog.ingest.formats.office.sink import Sink
from vectorlog.ingest.formats.office.xml import NAMES, attribute, child, named, number

_CACHES = ("strCache", "numCache", "strLit", "numLit")
_NOT_SHOWN = ("pres", "parTrans", "sibTrans", "doc")
_MOST_POINTS = 10_000


def write_chart(root: Element, out: Sink) -> None:
    """Writes the titles of a chart and of its axes, and a table of its series."""
    for title in named(root, "title"):
        out.paragraph(_title(title))
    series = [_Series(each) for each in named(root, "ser", "series")]
    for group in _alike(series):
        names = group[0].categories
        places = sorted({place for each in group for place in each.values} | set(names))[:_MOST_POINTS]
        rows = [["", *(each.name for each in group)]]
        rows += [[names.get(place, ""), *(each.values.get(place, "") for each in group)] for place in places]
        out.table(rows)
    if not series:
        for data in named(root, "data"):  # the newer charts, such as funnels: levels of texts and numbers
            columns = [[point.text or "" for point in named(each, "pt")][:_MOST_POINTS] for each in data]
            longest = max(map(len, columns), default=0)
            out.table([[column[n] if n < len(column) else "" for column in columns] for n in range(longest)], header=0)


class _Series:
    """A series: its name, its categories and its values, by their place."""

    def __init__(self, element: Element) -> None:
        name = child(element, "tx")
        self.name = " ".join(_points(name).values()) if name is not None else ""
        if name is not None and not self.name:
            self.name = " ".join(each.text or "" for each in named(name, "v"))
        categories = child(element, "cat")
        if categories is None:
            categories = child(element, "xVal")
        values = child(element, "val")
        if values is None:
            values = child(element, "yVal")
        self.categories = _points(categories) if categories is not None else {}
        self.values = _points(values) if values is not None else {}


def _alike(series: Sequence[_Series]) -> Iterator[Sequence[_Series]]:
    """Yields runs of series with the same categories."""
    run: list[_Series] = []
    for each in series:
        if run and each.categories and each.categories != run[0].categories:
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _points(data: Element) -> dict[int, str]:
    """Returns the texts that the file keeps of what a chart refers to; levels of categories are joined."""
    levels = list(named(data, "lvl")) or list(named(data, *_CACHES))
    out: dict[int, str] = {}
    for level in reversed(levels):
        form = child(level, "formatCode")
        points = {
            number(attribute(each, "idx"), 0): _shown(child(each, "v"), form)
            for each in level
            if NAMES[each.tag] == "pt"
        }
        if not out:
            out = points
        else:
            outer = ""
            for place in sorted(set(out) | set(points)):
                outer = points.get(place, outer)
                out[place] = f"{outer} {out.get(place, '')}".strip()
    return out


def _title(title: Element) -> str:
    """Returns a title's text, which is given or refers to cells."""
    lines = ["".join(each.text or "" for each in named(paragraph, "t")) for paragraph in named(title, "p")]
    return " ".join(filter(None, lines)) or " ".join(_points(title).values())


def write_diagram(root: Element, out: Sink) -> None:
    """Writes the texts of a SmartArt graphic as a list, in the order and depth in which it shows them."""
    texts = {
        attribute(each, "modelId"): " ".join(
            line
            for line in ("".join(part.text or "" for part in named(p, "t")) for p in named(each, "p"))
            if line.strip()
        )
        for each in named(root, "pt")
        if attribute(each, "type") not in _NOT_SHOWN
    }
    roots = [attribute(each, "modelId") for each in named(root, "pt") if attribute(each, "type") == "doc"]
    below: dict[str, list[tuple[int, str]]] = {}
    for each in named(root, "cxn"):
        if attribute(each, "type") in ("", "parOf"):
            place = number(attribute(each, "srcOrd"), 0)
            below.setdefault(attribute(each, "srcId"), []).append((place, attribute(each, "destId")))
    waiting = [(0, id_) for id_ in reversed(roots)]
    while waiting:
        depth, id_ = waiting.pop()
        text = texts.pop(id_, "")
        out.item(text, min(max(depth - 1, 0), 8))
        waiting += [(depth + 1, lower) for _, lower in sorted(below.pop(id_, []), reverse=True)]
    for text in texts.values():
        out.item(text)


def _shown(value: Element | None, form: Element | None) -> str:
    """Returns a chart's value as it is shown with a format; texts stay."""
    text = (value.text or "") if value is not None else ""
    try:
        return formatter((form.text if form is not None else None) or "General")(float(text))
    except ValueError:
        return text
