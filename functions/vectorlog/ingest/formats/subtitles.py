"""Subtitles and transcripts with times (SRT, WebVTT): what is said, in paragraphs that begin with their time."""

from __future__ import annotations

import re
from pathlib import Path

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.embedded import LeftOut
from vectorlog.ingest.formats.encodings import text_document
from vectorlog.ingest.formats.format import Format

_TIME = re.compile(r"\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,]\d{1,3}\s*-->\s*[\d:.,]{5,15}")
_TAG = re.compile(r"<[^<>\n]{0,100}>|\{\\[^{}\n]{0,100}\}")
_UNSAID = ("NOTE", "STYLE", "REGION", "WEBVTT")
_PARAGRAPH_S = 30
"""Seconds after which a new paragraph with its time begins, so that times are sparse."""
_LONGEST_PARAGRAPH = 2000


def read(path: Path) -> Text:
    """Reads the cues. Their numbers, positions and styles are left out, and lines that repeat the one before."""
    return text_document(path.read_bytes(), _write)


def _write(document: DocumentBuilder, text: str, _: LeftOut) -> None:
    lines = [*map(str.strip, text.removeprefix("\ufeff").splitlines()), ""]
    said: list[str] = []
    begun, size, last, silent = 0, 0, "", False
    for number, line in enumerate(lines[:-1]):
        if time := _TIME.match(line):
            now = (int(time[1] or 0) * 60 + int(time[2])) * 60 + int(time[3])
            silent = False
            if not said or now - begun >= _PARAGRAPH_S or size > _LONGEST_PARAGRAPH:
                _paragraph(document, said)
                said, begun, size = [f"[{now // 3600:02}:{now // 60 % 60:02}:{now % 60:02}]"], now, 0
        elif not line:
            silent = False
        elif _TIME.match(lines[number + 1]):
            continue  # the number or the name of a cue
        elif line.startswith(_UNSAID) and not (number and lines[number - 1]):
            silent = True
        elif not silent and (spoken := " ".join(_TAG.sub("", line).split())) and spoken != last:
            said.append(spoken)
            size += len(spoken)
            last = spoken
    _paragraph(document, said)


def _paragraph(document: DocumentBuilder, said: list[str]) -> None:
    if len(said) > 1 or (said and not said[0].startswith("[")):
        document.paragraph(" ".join(said))


FORMAT = Format(
    "subtitles",
    (".srt", ".vtt"),
    read,
    by_name=True,
    keeps="What is said, in paragraphs that begin with their time.",
    leaves_out="Numbers, positions and styles of cues, notes, most times, and lines that repeat the one before.",
)
