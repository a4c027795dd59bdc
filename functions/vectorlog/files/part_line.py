"""What the line of JSON says with which a part of an artefact begins (`artefact.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, TypeAlias

from vectorlog.domain.location import Location, decoded
from vectorlog.domain.vectors import NO_FRAME, Frame

Json: TypeAlias = dict[str, Any]


def runs(header: Json) -> Sequence[range]:
    """Returns the numbers of each chunk's vectors among those of the part."""
    windows = header["windows"]
    starts = header.get("starts", [end - size for end, size in zip(accumulate(windows), windows, strict=True)])
    return [range(start, start + size) for start, size in zip(starts, windows, strict=True)]


def packed_frames(frames: Sequence[Frame]) -> Json:
    """Returns what the line keeps of the frames of the chunks."""
    numbers: dict[Frame, int] = {}
    of_chunks = [numbers.setdefault(frame, len(numbers)) for frame in frames]
    return {"different": [[each.before, each.after, each.words] for each in numbers], "of": of_chunks}


def frames(header: Json) -> Sequence[Frame]:
    """Returns the frames of the chunks."""
    if "frames" not in header:
        return [NO_FRAME] * len(header["spans"])
    different = [Frame(*texts[:3]) for texts in header["frames"]["different"]]
    return [different[number] for number in header["frames"]["of"]]


def locations(header: Json) -> Sequence[Location | None]:
    """Returns the locations of the chunks; None if the line has none."""
    spans = header["spans"]
    if "places" not in header:
        return [None] * len(spans)
    return [decoded([*span, *place]) for span, place in zip(spans, header["places"], strict=True)]
