"""Texts are kept in one form: what a reader does not see is gone, and what he sees stays."""

from __future__ import annotations

import unicodedata

import pytest

from tests.support.growth import grows_linearly
from vectorlog.ingest.text_form import clean


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("one\r\ntwo\rthree\0", "one\ntwo\nthree"),
        ("calib\u00adra\u00adtion", "calibration"),
        ("spectro\u00ad\n  meter", "spectrometer"),
        ("hygro\u200bstat, baro\u2060graph\ufeff", "hygrostat, barograph"),
        (unicodedata.normalize("NFD", "Kühlschlägel が"), "Kühlschlägel が"),
        ("co\u200dop", "coop"),
        ("\u200e2024", "2024"),
        ("\ud83d", "\ufffd"),
    ],
)
def test_what_nobody_sees_is_gone(text: str, kept: str) -> None:
    """Soft hyphens, zero-width characters, NUL, carriage returns and half characters are dropped; letters composed."""
    assert clean(text) == kept


@pytest.mark.parametrize(
    "text",
    ["ﬁtting eﬀective", "型番ＱＲＺ７７８１", "می‌خواهم", "क्‍ष", "👩‍👩‍👧", "שלום C++\u200e!", "naïve\u00a0café"],
    ids=["ligatures", "full width", "Persian", "Hindi", "emoji", "direction", "no-break space"],
)
def test_what_is_seen_stays(text: str) -> None:
    """Ligatures and wide forms are shown as they are; joiners stay where they change letters."""
    assert clean(text) == text


@pytest.mark.parametrize(
    "unit", ["\u0301\u0323", "\u200d", "\u00ad \n", "\u00ad  ", "é", "\r", "\u200e", "\u1100\u1161"]
)
def test_takes_linear_time(unit: str) -> None:
    """Four times as long a run of one mark takes about four times as long, not sixteen times."""
    assert grows_linearly(lambda length: clean("a" + unit * (length // len(unit))), 100_000)
