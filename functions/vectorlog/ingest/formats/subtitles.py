"""Subtitles and transcripts with times (SRT, WebVTT): what is said, in paragraphs that begin with their time."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.embedded import LeftOut
from vectorlog.ingest.formats.encodings import text_document
from vectorlog.ingest.formats.format import Format

_TIME = re.compile(r"\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,]\d{1,3}\s*-->\s*[\d:.,]{5,15}")
_VOICE = re.compile(r"<v(?:\.[^\s<>]{0,60})?[ \t]+([^<>\n]{1,100})>")
_TAG = re.compile(
    r"</?(?:b|i|u|s|c|v|ruby|rt|lang|font|span)(?=[\s.>/])[^<>\n]{0,100}>|<[0-9:.]{5,15}>|\{\\[^{}\n]{0,100}\}",
    re.IGNORECASE,
)
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
    begun, size, last, silent, speaker = 0, 0, "", False, ""
    for number, line in enumerate(lines[:-1]):
        if time := _TIME.match(line):
            now = (int(time[1] or 0) * 60 + int(time[2])) * 60 + int(time[3])
            silent = False
            if not said or now - begun >= _PARAGRAPH_S or size > _LONGEST_PARAGRAPH:
                _paragraph(document, said)
                speaker = ""
                said, begun, size = [f"[{now // 3600:02}:{now // 60 % 60:02}:{now % 60:02}]"], now, 0
        elif not line:
            silent = False
        elif _TIME.match(lines[number + 1]):
            continue  # the number or the name of a cue
        elif line.startswith(_UNSAID) and not (number and lines[number - 1]):
            silent = True
        elif not silent and (spoken := _spoken(line, speaker)) and spoken != last:
            said.append(spoken)
            size += len(spoken)
            last = spoken
        if voices := _VOICE.findall(line):
            speaker = voices[-1]
    _paragraph(document, said)


def _spoken(line: str, speaker: str) -> str:
    """Returns what a line says, with the name of who says it, if that is not the `speaker` of the line before."""

    def named(voice: re.Match[str]) -> str:
        name = " ".join(voice[1].split())
        return " " if voice[1] == speaker else f" {name}: "

    return " ".join(unescape(_TAG.sub("", _VOICE.sub(named, line))).split())


def _paragraph(document: DocumentBuilder, said: list[str]) -> None:
    if len(said) > 1 or (said and not said[0].startswith("[")):
        document.paragraph(" ".join(said))


FORMAT = Format(
    "subtitles",
    (".srt", ".vtt"),
    read,
    by_name=True,
    keeps="What is said, with the names of speakers (WebVTT), in paragraphs that begin with their time.",
    leaves_out="Numbers, positions and styles of cues, notes, most times, and lines that repeat the one before.",
)
