"""Forms made with LiveCycle (XFA): XML inside a PDF whose page only asks to wait."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

_PACKETS = re.compile(rb"<\?xml[^>]*\?>|<!DOCTYPE[^>\[]*>")


def lines(xml: bytes) -> list[str]:
    """Returns the texts of a form and what was filled in, as `caption: value`.

    Raises:
        ElementTree.ParseError: the XML is damaged.
    """
    root = ElementTree.fromstring(b"<packets>" + _PACKETS.sub(b"", xml) + b"</packets>")
    captions: dict[str, str] = {}
    texts: list[str] = []
    for template in root.iter():
        if _local(template) == "template":
            texts += _template(template, captions)
    for data in root.iter():
        if _local(data) == "data" and "xfa-data" in data.tag:
            texts += _filled(data, captions)
    return list(dict.fromkeys(text for text in texts if text))


def _template(template: ElementTree.Element, captions: dict[str, str]) -> Iterator[str]:
    for each in template.iter():
        if _local(each) in ("field", "exclGroup"):
            caption = next((one for one in each if _local(one) == "caption"), None)
            text = _text(caption) if caption is not None else ""
            if text and each.get("name"):
                captions[each.get("name", "")] = text
        elif _local(each) == "draw":
            yield _text(each)


def _filled(data: ElementTree.Element, captions: dict[str, str]) -> Iterator[str]:
    for each in data.iter():
        value = " ".join((each.text or "").split())
        if value and not len(each):
            name = _local(each)
            yield f"{captions.get(name, name).rstrip(':')}: {value}"


def _text(element: ElementTree.Element) -> str:
    return " ".join(" ".join(element.itertext()).split())


def _local(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]
