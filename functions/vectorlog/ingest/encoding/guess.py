"""Guesses the legacy encoding of bytes, from how likely their text is in each, and from chardet's models of languages.

chardet compares pairs of bytes with models of 48 languages, and knows encodings with escapes. Its first guess is good
for prose, but for a few words, as in a CSV file, it often prefers an encoding that nobody uses. What letters a language
has (`likelihood`) decides there; the two together are right more often than each alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from vectorlog.ingest.encoding import euc_tw
from vectorlog.ingest.encoding.likelihood import ASCII, Writing, likelihood

_PRIORS: Mapping[str, float] = {
    "cp1252": 1.5,
    "cp1251": 0.5,
    **dict.fromkeys(("cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp874"), 0.0),
    **dict.fromkeys(("cp932", "gb18030", "big5hkscs", "cp949"), 0.0),
    **dict.fromkeys(("euc_jp", "iso8859-1", "iso8859-2", "iso8859-7", "iso8859-9"), -1.0),
    **dict.fromkeys(("koi8-r", "iso8859-6", "iso8859-8"), -1.5),
    **dict.fromkeys(("iso8859-5", "iso8859-13", "iso8859-15", "cp1258"), -2.0),
    **dict.fromkeys(("koi8-u", "cp850", "cp852", "cp866", "cp737"), -3.0),
    **dict.fromkeys(("cp437", "iso8859-16"), -3.5),
    **dict.fromkeys(("mac-roman", "mac-cyrillic", "cp855", "cp857", "cp862"), -4.0),
    **dict.fromkeys(("cp775", "cp720", "cp1125", "kz1048", "iso8859-3", "iso8859-4", "iso8859-10", "mac-latin2"), -5.0),
    "cp865": -5.0,
    **dict.fromkeys(("iso8859-14", "mac-turkish", "mac-greek", "cp860", "cp861", "cp863", "cp869"), -6.0),
    **dict.fromkeys(("mac-iceland", "cp864", "ptcp154"), -7.0),
    euc_tw.NAME: -7.0,
    "johab": -10.0,
}
"""How common the encodings are that are considered, as logarithms. EBCDIC is not: it is no text on the machines that
files are uploaded from.
"""
_WRITINGS: Mapping[str, Writing] = {
    "gb18030": "simplified",
    **dict.fromkeys(("big5hkscs", euc_tw.NAME), "traditional"),
    **dict.fromkeys(("cp932", "euc_jp"), "japanese"),
    **dict.fromkeys(("cp949", "johab"), "korean"),
}
_SAME = {"euc_jis_2004": "euc_jp", "euc_kr": "cp949", "shift_jis_2004": "cp932"}
"""Names of chardet's for encodings that are tried under another name."""
_WEIGHT = 20.0
_LEAST = math.log(0.3)
"""How much chardet's confidence counts, relative to its highest one, and below which it makes no difference. Weights
from 10 to 40 give the same number of right guesses on short lists of words in 36 languages.
"""

_ENOUGH = 6
"""Of fewer bytes beyond ASCII chardet knows less, so its opinion counts less."""
_FEWEST = 3
"""Of fewer a guess is never sure."""
_SHARED = 2.0
"""How much likelier a character is, as a logarithm, that the writer's other texts have."""
_WORD = re.compile(rb"[\x80-\xff]{3}")
_SCRIPTS = frozenset(
    each
    for each in _PRIORS
    if each.startswith(("koi8", "mac-cyr", "mac-greek"))
    or each in ("cp1251", "cp1253", "cp1255", "cp1256", "cp874", "cp866", "cp737", "cp855", "cp862", "cp864", "cp869")
    or each in ("cp720", "cp1125", "kz1048", "ptcp154", "iso8859-5", "iso8859-6", "iso8859-7", "iso8859-8")
)
"""Encodings of one byte for a letter that is not Latin."""
_MUCH = 24
_LEAST_LIKELY: Mapping[Writing, tuple[float, float]] = {
    "letters": (-6.8, -5.0),
    "simplified": (-5.6, -4.9),
    "traditional": (-5.8, -5.1),
    "japanese": (-6.0, -5.1),
    "korean": (-4.2, -3.3),
}
_PLAIN_ENOUGH = 0.75
_ONLY_LONG = frozenset({"johab"})
"""The logarithms of the likelihood for each byte beyond ASCII below which a guess is no text: if there are `_MUCH` such
bytes or more, and if there are fewer. Fewer do with the first too if what is around them looks like words. The least
likely of 2,000 short lists of words in 36 languages had -5.9; random bytes have -8 to -10, but 20 of them may have -4.5
by chance.
"""

_REGION = 1 << 16
_FIRST_BYTES = 600
_CLOSER_BYTES = 8000
_CLOSER = 6
"""All encodings are compared on so many bytes beyond ASCII; the best six on more."""
_SURE_BY = 8.0
"""The distance to the next guess, as a logarithm, from which a guess is sure: 3000 to 1."""
_HIGH = re.compile(rb"[\x80-\xff]")
_PLAIN = re.compile(rb"[a-zA-Z0-9 \t\r\n.,;:-]")


@dataclass(frozen=True, slots=True)
class Guess:
    """A guessed encoding.

    Attributes:
        encoding: a codec of Python's.
        sure: whether no other encoding that gives another text comes near.
        alternatives: the encodings that come near, the likeliest first.
        per_byte: the logarithm of the likelihood of the text for each byte beyond ASCII; around -3 for text.
        high: how many bytes beyond ASCII were looked at.
        plain: how many of the other bytes are letters, digits, spaces or common punctuation, as a share.
    """

    encoding: str
    sure: bool
    alternatives: tuple[str, ...]
    per_byte: float
    high: int
    plain: float

    @property
    def is_text(self) -> bool:
        """Whether the bytes are likely enough to be text at all."""
        much, little = _LEAST_LIKELY[_WRITINGS.get(self.encoding, "letters")]
        if self.high >= _MUCH:
            return self.per_byte > much
        return self.per_byte > (much if self.plain > _PLAIN_ENOUGH else little) and self.encoding not in _ONLY_LONG


def guess(data: bytes, first: int, known: Collection[str] = ()) -> Guess:
    """Guesses the encoding of `data`, whose first byte beyond ASCII is at `first` or after it.

    Args:
        data: bytes of a text.
        first: where to begin.
        known: characters beyond ASCII that other texts of the same writer have.
    """
    sample = _sample(data, first, _FIRST_BYTES)
    scores = _scores(sample, _considered(sample), known)
    closer = _sample(data, first, _CLOSER_BYTES)
    if len(closer) > len(sample):
        scores = _scores(closer, sorted(scores, key=lambda each: -scores[each].total)[:_CLOSER], known)
    ranked = sorted(scores, key=lambda each: -scores[each].total)
    best = scores[ranked[0]]
    near = [each for each in ranked[1:] if scores[each].text != best.text and scores[each].is_near(best)]
    high = len(_HIGH.findall(closer))
    if not near and high < _FEWEST:
        near = [each for each in ranked[1:] if scores[each].text != best.text][:2]
    return Guess(ranked[0], not near, tuple(near[:3]), best.per_byte, high, _plain(closer))


def _plain(sample: bytes) -> float:
    other = _HIGH.sub(b"", sample)
    return len(_PLAIN.findall(other)) / len(other) if other else 0.0


@dataclass(frozen=True, slots=True)
class _Score:
    """How well an encoding fits a sample: by letters and how common it is, by chardet, and in all."""

    text: str
    letters: float
    total: float
    per_byte: float

    def is_near(self, best: _Score) -> bool:
        return best.total - self.total < _SURE_BY or best.letters - self.letters < _SURE_BY


def _considered(sample: bytes) -> Iterable[str]:
    """Returns the encodings to compare. Without three such bytes in a row a text has no words of a script of its own
    with one byte for a letter.
    """
    if _WORD.search(sample):
        return _PRIORS
    return [each for each in _PRIORS if each not in _SCRIPTS]


def _scores(sample: bytes, encodings: Iterable[str], known: Collection[str]) -> dict[str, _Score]:
    import chardet

    confidences: dict[str, float] = {}
    for each in chardet.detect_all(sample, ignore_threshold=True, compat_names=False):
        name = _SAME.get(each["encoding"] or "", each["encoding"] or "")
        confidences[name] = max(each["confidence"], confidences.get(name, 0.0))
    highest = max(confidences.values(), default=0.0) or 1.0
    high = len(_HIGH.findall(sample)) or 1
    weight = _WEIGHT * min(1.0, high / _ENOUGH)
    scores: dict[str, _Score] = {}
    for encoding in encodings:
        confidence = confidences.get(encoding, 0.0)
        support = max(math.log(confidence / highest), _LEAST) if confidence > 0 else _LEAST
        text = sample.decode(encoding, "replace")
        likely = likelihood(text, _WRITINGS.get(encoding, "letters"))
        shared = sum(each in known for each in text) if known else 0
        letters = likely + _PRIORS[encoding] + _SHARED * shared
        per_byte = (likely - ASCII * len(text.encode("ascii", "ignore"))) / high
        scores[encoding] = _Score(text, letters, letters + weight * support, per_byte)
    return scores


def _sample(data: bytes, first: int, most: int) -> bytes:
    """Returns lines with bytes beyond ASCII, until they have `most` such bytes. ASCII fits every encoding."""
    region = data[max(0, first - 64) : first + 16 * _REGION]
    lines: list[bytes] = []
    found = 0
    for line in region.split(b"\n"):
        if line.isascii():
            continue
        places = [match.start() for match in _HIGH.finditer(line, 0, _REGION)]
        if found + len(places) > most:
            end = places[most - found - 1] + 1
            line = line[: end + next((n for n, each in enumerate(line[end:][:200]) if each < 0x30), 200)]
        lines.append(line[:_REGION])
        found += len(places)
        if found >= most:
            break
    return b"\n".join(lines)[:_REGION]
