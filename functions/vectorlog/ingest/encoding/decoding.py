"""Decodes bytes of unknown encoding: by marks, by escapes, by what the file says, by strict decoding, by a guess."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from vectorlog.ingest.document import Unreadable
from vectorlog.ingest.encoding import declared, mixed, mixture
from vectorlog.ingest.encoding.guess import Guess, guess
from vectorlog.ingest.encoding.likelihood import ASCII, WRITINGS, likelihood
from vectorlog.ingest.encoding.noise import FEWEST_SIGNS, is_noise, is_noise_if_guessed
from vectorlog.ingest.encoding.signs import has_only_signs, has_signs_of_mac, is_nearly_ascii

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is a prefix of this one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE_SAMPLE = 4096
_FEWEST_WIDE = 48
_LEAST_WIDE = -9.0
"""UTF-16 without zero bytes is only believed of so many bytes, and if its characters are so likely, as a logarithm."""
_ISO_2022 = re.compile(rb"\x1b\$")
_HZ = re.compile(rb"~\{(?:[\x21-\x77][\x21-\x7e])+~\}")
_MULTIBYTE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")
_ENOUGH_UTF8 = 3
"""So many characters of two bytes or more are no accident: then the bytes are UTF-8, whatever they say."""
_HIGH = re.compile(rb"[\x80-\xff]")
_FEW_LOST = 3
"""So many characters that are cut, at both ends and somewhere, do not make a short text binary data."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Decoded bytes.

    Attributes:
        encoding: a codec of Python's.
        sure: False if it was guessed and others, the `alternatives`, come near.
        lost: how many bytes or characters could not be decoded; each is a U+FFFD in the text.
        other: another encoding, in which some lines or letters were read; empty if there is none.
        places: how many.
    """

    text: str
    encoding: str
    sure: bool = True
    alternatives: tuple[str, ...] = ()
    lost: int = 0
    other: str = ""
    places: int = 0


def decoded(data: bytes, *, says: str | None = None, declares: bool = False) -> Decoded:
    """Decodes `data`.

    Args:
        data: bytes of a text.
        says: the encoding that whatever the bytes are from names, such as a mail's charset.
        declares: whether the bytes are HTML or XML, which name their encoding.

    Raises:
        Unreadable: the bytes are not text.
    """
    found = _by_mark(data) or _by_zeros(data) or _by_escapes(data) or _by_label(data, says, declares) or _by_bytes(data)
    text = found.text
    if found.encoding == "utf-8" and 0 < found.lost <= _FEW_LOST:
        text = text.replace("\ufffd", "")
    if is_noise(text):
        raise not_text()
    return found


def not_text() -> Unreadable:
    """The refusal of bytes that are no text."""
    return Unreadable(
        "unsupported_file", "The file contains binary data, not text. Convert it to a text, PDF or Office file."
    )


def _by_mark(data: bytes) -> Decoded | None:
    """Decodes what begins with a byte order mark."""
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "")
    if encoding == "utf-8-sig":
        text = data[len(codecs.BOM_UTF8) :]
        try:
            return Decoded(text.decode(), encoding)
        except UnicodeDecodeError as error:
            return _mixed(text, error.start, None)
    return _tolerant(data, encoding) if encoding else None


def _by_zeros(data: bytes) -> Decoded | None:
    """Decodes UTF-32 or UTF-16 without a byte order mark, recognised by the positions of zero bytes."""
    sample = data[:_WIDE_SAMPLE]
    quarter = len(sample) // 4
    if not quarter or b"\0" not in sample:
        return None
    zeros = [sample[place::4].count(0) / quarter for place in range(4)]
    if min(zeros[2:]) > 0.9 and zeros[0] < 0.1:
        encoding = "utf-32-le"
    elif min(zeros[:2]) > 0.9 and zeros[3] < 0.1:
        encoding = "utf-32-be"
    elif min(zeros[1], zeros[3]) > 0.3 and max(zeros[0], zeros[2]) < 0.1:
        encoding = "utf-16-le"
    elif min(zeros[0], zeros[2]) > 0.3 and max(zeros[1], zeros[3]) < 0.1:
        encoding = "utf-16-be"
    else:
        return None
    found = _tolerant(data, encoding)
    if is_noise_if_guessed(found.text):
        raise not_text()
    return found


def _by_likelihood(data: bytes) -> Decoded | None:
    """Decodes UTF-16 of a script without Latin letters, in which few bytes are zero or none."""
    for encoding in ("utf-16-le", "utf-16-be") if len(data) >= _FEWEST_WIDE else ():
        text = _strictly(data, encoding)
        if text is None or is_noise_if_guessed(text):
            continue
        sample = text[:_WIDE_SAMPLE]
        beyond = len(sample) - len(sample.encode("ascii", "ignore"))
        if max(likelihood(sample, writing) for writing in WRITINGS) > _LEAST_WIDE * beyond + ASCII * (
            len(sample) - beyond
        ):
            return Decoded(text, encoding)
    return None


def _by_escapes(data: bytes) -> Decoded | None:
    """Decodes ISO-2022 and HZ, which write two ASCII bytes for a Chinese, Japanese or Korean character."""
    if not data.isascii():
        return None
    if _ISO_2022.search(data):
        encodings = declared.codecs_of("iso-2022-kr" if b"\x1b$)C" in data else "iso-2022-jp")
        return _strictly_one_of(data, encodings) or _tolerant(data, encodings[-1])
    if match := _HZ.search(data):
        sample = data[match.start() : match.end()].decode("hz", "replace")
        if likelihood(sample, "simplified") > FEWEST_SIGNS * len(sample):
            return _strictly_one_of(data, ("hz",))
    return None


def _by_label(data: bytes, says: str | None, declares: bool) -> Decoded | None:
    """Decodes by the encoding that is named, if the bytes are valid in it and are not rather UTF-8.

    UTF-16 that is named in ASCII is UTF-8 (the HTML standard, "determining the character encoding").
    """
    label = says or (declared.label_in(data) if declares else None)
    note = None if label else declared.note_in(data)
    encodings = declared.codecs_of(label or note or "")
    if not encodings or (note and data.isascii()):
        return None
    if declared.is_wide(encodings[0]):
        return _strictly_one_of(data, encodings) if says and not data.isascii() and b"\0" in data else None
    if (note or len(_MULTIBYTE.findall(data[:_WIDE_SAMPLE])) >= _ENOUGH_UTF8 or encodings[0] == "ascii") and (
        text := _strictly(data, "utf-8")
    ) is not None:
        return Decoded(text, "utf-8")
    if encodings[-1] == "cp1252" and mixed.count(data[:_WIDE_SAMPLE]) >= _ENOUGH_UTF8:
        return _mixed(data, 0, None, "cp1252")
    return _strictly_one_of(data, encodings)


def _by_bytes(data: bytes) -> Decoded:
    try:
        return Decoded(data.decode(), "utf-8")
    except UnicodeDecodeError as error:
        found = guess(data, error.start)
        return _mixed(data, error.start, found) or _guessed(data, found)


def _mixed(data: bytes, error: int, found: Guess | None, other: str = "") -> Decoded | None:
    """Decodes UTF-8 in which another program wrote some lines or letters, or some of whose characters are cut.

    Args:
        data: bytes that are not valid UTF-8.
        error: where the first byte is that is not valid.
        found: what they are if they are not mixed; None if they are UTF-8 for sure.
        other: the other encoding; empty if it is to be guessed.
    """
    first = _HIGH.search(data)
    parts = mixed.valid(data, first.start() if first else error, error)
    if found is not None and not parts.leads:
        return None
    if not other:
        other = mixture.other_in(parts)
    if found is not None and not mixture.is_mostly_utf8(data) and not mixture.is_rather(parts, other, found):
        return None
    reader = mixed.Mixed(other, parts.leads)
    text = reader.decode(data)
    return Decoded(text, "utf-8", lost=reader.lost, other=other if reader.places else "", places=reader.places)


def _guessed(data: bytes, found: Guess) -> Decoded:
    if has_signs_of_mac(data):
        return Decoded(data.decode("mac-roman"), "mac-roman", sure=False, alternatives=("cp1252",))
    if has_only_signs(data):
        return Decoded(data.decode("cp1252"), "cp1252", sure=False, alternatives=("mac-roman", "cp850"))
    if not found.is_text:
        if wide := _by_likelihood(data):
            return wide
        if not is_nearly_ascii(data):
            raise not_text()
        text = data.decode("cp1252", "replace")
        return Decoded(text, "cp1252", sure=False, alternatives=("mac-roman", "cp850"), lost=text.count("\ufffd"))
    for encoding in declared.codecs_of(found.encoding) or (found.encoding,):
        if (text_ := _strictly(data, encoding)) is not None:
            return Decoded(text_, encoding, found.sure, found.alternatives)
    text = data.decode(found.encoding, "replace")
    return Decoded(text, found.encoding, found.sure, found.alternatives, text.count("\ufffd"))


def _tolerant(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, "replace")
    return Decoded(text, encoding, lost=text.count("\ufffd"))


def _strictly_one_of(data: bytes, encodings: tuple[str, ...]) -> Decoded | None:
    for encoding in encodings:
        if (text := _strictly(data, encoding)) is not None and not _has_controls(text):
            return Decoded(text, encoding)
    return None


_CONTROLS = re.compile("[\x80-\x84\x86-\x9f]")


def _has_controls(text: str) -> bool:
    """Whether a text has the controls that ISO 8859 has where Windows has quotes and dashes."""
    return _CONTROLS.search(text) is not None


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (LookupError, UnicodeError):
        return None
