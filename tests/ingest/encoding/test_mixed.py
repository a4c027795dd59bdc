"""Texts with a few signs of Windows, texts of two encodings, and encodings that a text names in a note."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vectorlog.ingest.document import Text, Unreadable
from vectorlog.ingest.encoding.decoding import decoded

Read = Callable[[bytes, str], Text]

_LONG = "The pump runs every day and is checked by the operator in the morning. " * 30
_SIGNS = (
    *("It is 20 °C today.", "© 2020", "1½ cups", "Acme®", "10 ± 2", "20 m²", "3×4", "5 µm", "Acme™", "Licence © 2020"),
    *("“quoted”", "a – b", "it’s", "§ 5", "€ 20", "£20", "wait…", "«so»", "2³ = 8", "¼ inch", "No. 5 · 6 ÷ 2", "¶ 7"),
)


class TestSigns:
    @pytest.mark.parametrize("text", _SIGNS)
    def test_signs_of_windows(self, text: str) -> None:
        """A text that is ASCII but for a sign is read as browsers do, and says that it was a guess."""
        for whole in (text, _LONG + text, text + "\n" + _LONG):
            found = decoded(whole.encode("cp1252"))
            assert (found.text, found.sure) == (whole, False)

    @pytest.mark.parametrize("name", ["a.txt", "a.md", "a.csv", "a.html", "a.json", "a.srt", "a.xml", "a.py", "a.log"])
    def test_in_every_text_format(self, name: str, read: Read) -> None:
        """The sign stands in the text, and a warning tells it, whatever the file's name."""
        text = '"It is 20 °C"' if name == "a.json" else "<p>It is 20 °C</p>"
        found = read(text.encode("cp1252"), name)
        assert "20 °C" in found.text
        assert [each.code for each in found.warnings] == ["encoding_guessed"]

    @pytest.mark.parametrize("text", ["it’s “so” – now", "• one\n• two", "20 °C today"])
    def test_signs_of_mac(self, text: str) -> None:
        """Quotes, dashes and bullets of Mac Roman, where Windows would have letters."""
        assert decoded(text.encode("mac-roman")).text == text

    def test_a_word_after_much_ascii(self) -> None:
        """Two letters in a log are no binary data."""
        text = "2020-01-01 12:00:00 INFO all is well\n" * 200 + "Größe\n"
        assert decoded(text.encode("latin-1")).text == text


_UTF8 = {
    "Czech": "Čerpadlo je třeba kontrolovat každých čtyři sta hodin.\n",
    "French": "La pompe doit être contrôlée. Vérifiez la pression à l'arrêt.\n",
    "German": "Die Größe für Köln ist schön.\n",
    "Japanese": "ポンプの点検は四百時間ごとに行ってください。\n",
    "Russian": "Насос следует осматривать каждые четыреста часов работы.\n",
}
_MIXED = (
    ("German", "Grüße aus München\n", "cp1252"),
    ("German", "Grüße aus München und Straße\n", "mac-roman"),
    ("German", "Grüße aus München und Straße\n", "cp850"),
    ("French", "café fermé\n", "cp1252"),
    ("Czech", "Potom zkontrolujte tlak a zapište údaj.\n", "cp1250"),
    ("Russian", "Затем проверьте давление и смените уплотнение.\n", "cp1251"),
    ("Russian", "Затем проверьте давление и смените уплотнение.\n", "koi8-r"),
    ("Japanese", "シールを交換し、記録を残してください。\n", "cp932"),
)


class TestMixed:
    @pytest.mark.parametrize(("language", "line", "encoding"), _MIXED)
    def test_a_line_of_another_encoding(self, language: str, line: str, encoding: str) -> None:
        """UTF-8 stays UTF-8, the other line is read as it was written, wherever it stands, and the file says so."""
        for before, after in ((3, 0), (0, 3), (2, 2)):
            utf8 = _UTF8[language]
            found = decoded((utf8 * before).encode() + line.encode(encoding) + (utf8 * after).encode())
            assert found.text == utf8 * before + line + utf8 * after
            assert (found.encoding, bool(found.other), found.lost) == ("utf-8", True, 0)

    @pytest.mark.parametrize(
        ("data", "text"),
        [
            (("héllo utf8 " * 20).encode() + b"Gr\xf6\xdfe" + b" end" * 9, "héllo utf8 " * 20 + "Größe" + " end" * 9),
            (b"M\xc3\xbcller\nGr\xfcn,M\xfcnchen\nWei\xdf,N\xfcrnberg\n", "Müller\nGrün,München\nWeiß,Nürnberg\n"),
            (b"Gr\xf6\xdfe Gr\xc3\xb6\xc3\x9fe\n", "Größe Größe\n"),
            (b"\xef\xbb\xbfname\nGr\xfcn\n", "name\nGrün\n"),
            (b"\x93M\xc3\xbcller\x94 \xa9 2020\n", "“Müller” © 2020\n"),
            ("Größe ".encode() * 10 + b"wei\xdf", "Größe " * 10 + "weiß"),
            (b"emoji \xed\xa0\xbd\xed\xb8\x80 of an old database\n", "emoji 😀 of an old database\n"),
        ],
        ids=str,
    )  # fmt: skip
    def test_within_a_line(self, data: bytes, text: str) -> None:
        """Letters of another encoding beside UTF-8 are read as they were written."""
        assert decoded(data).text == text

    def test_what_is_cut_is_told(self) -> None:
        """A character of UTF-8 of which a part is missing is no letter of another encoding."""
        for data in ((_UTF8["Japanese"] * 5).encode()[1:-3], ("Größe " * 10).encode() + b"\xc3"):
            found = decoded(data)
            assert 0 < found.lost == found.text.count("\ufffd")
            assert not found.other

    def test_a_page_that_names_the_other_encoding(self) -> None:
        """UTF-8 in a page that says to be ISO-8859-1 is read too."""
        page = "<meta charset=iso-8859-1><p>Müller aus Köln, schön</p>".encode() + b"<p>Gr\xfcn"
        assert decoded(page, declares=True).text.endswith("<p>Müller aus Köln, schön</p><p>Grün")

    def test_is_told(self, read: Read) -> None:
        """The warning says how many places were read as what."""
        (warning,) = read("Müller\n".encode() + b"Gr\xfcn\n", "a.csv").warnings
        assert warning.code == "encoding_guessed"
        assert "a place is not, and read as Windows-1252" in warning.message


class TestNotes:
    @pytest.mark.parametrize(
        ("text", "encoding"),
        [
            ("# -*- coding: latin-1 -*-\nx = 'é'\n", "latin-1"),
            ("#!/usr/bin/python\n# vim: set fileencoding=cp1251 :\nx = 'Привет'\n", "cp1251"),
            ("// -*- coding: koi8-r -*-\nint a; // да\n", "koi8-r"),
            ('@charset "iso-8859-2";\na { content: "š" }\n', "iso8859-2"),
            ("\\documentclass{article}\n\\usepackage[applemac]{inputenc}\nGröße\n", "mac-roman"),
            ("% !TEX encoding = ISO-8859-1\nGröße\n", "latin-1"),
            ('msgid ""\n"Content-Type: text/plain; charset=ISO-8859-2\\n"\nmsgstr "Łódź"\n', "iso8859-2"),
        ],
    )
    def test_an_encoding_in_a_note_is_no_guess(self, text: str, encoding: str) -> None:
        """Source code, style sheets and LaTeX name their encoding in their own ways."""
        found = decoded(text.encode(encoding))
        assert (found.text, found.sure) == (text, True)

    def test_utf8_is_utf8(self) -> None:
        """A note that is wrong, or no note, changes nothing."""
        text = "# coding: latin-1\nx = 'é'\n"
        assert decoded(text.encode()).text == text


def test_binary_data_with_pieces_of_utf8_is_no_text() -> None:
    """Pairs of bytes that are UTF-8 by chance do not make a text."""
    with pytest.raises(Unreadable, match="binary data, not text"):
        decoded(b"\xde\xad\xbe\xef" * 8)
