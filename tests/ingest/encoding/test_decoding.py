"""Bytes of any usual encoding become the text that was written, or the file says that it is not sure, or fails."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest

from vectorlog.ingest.document import Unreadable
from vectorlog.ingest.encoding.decoding import decoded

_PROSE = {
    "Arabic": "هذا دليل قصير عن تركيب المضخة وصيانتها. يجب فحصها كل أربعمائة ساعة من العمل.",
    "Bulgarian": "Помпата трябва да се проверява на всеки четиристотин часа работа. Сменете уплътнението.",
    "Chinese": "本手册说明水泵的安装和保养方法。每运行四百小时更换一次密封圈。",
    "Croatian": "Pumpu treba pregledati svakih četiristo sati rada. Zatim provjerite tlak i upišite vrijednost.",
    "Czech": "Čerpadlo je třeba kontrolovat každých čtyři sta hodin. Potom zkontrolujte tlak a zapište údaj do knížky.",
    "French": "La pompe doit être contrôlée toutes les quatre cents heures. Vérifiez ensuite la pression à l'arrêt.",
    "German": "Die Pumpe ist alle vierhundert Stunden zu prüfen. Danach den Druck prüfen und die Schläuche säubern.",
    "Greek": "Η αντλία πρέπει να ελέγχεται κάθε τετρακόσιες ώρες. Έπειτα ελέγξτε την πίεση και γράψτε την τιμή.",
    "Hebrew": "יש לבדוק את המשאבה כל ארבע מאות שעות עבודה. לאחר מכן בדקו את הלחץ ורשמו את הערך ביומן.",
    "Hungarian": "A szivattyút négyszáz óránként kell ellenőrizni. Ezután mérje meg a nyomást, és jegyezze fel.",
    "Japanese": "ポンプの点検は四百時間ごとに行ってください。シールを交換し、記録を残してください。",
    "Korean": "펌프는 사백 시간마다 점검해야 합니다. 그런 다음 압력을 확인하고 기록하십시오.",
    "Polish": "Uszczelkę pompy należy wymieniać co czterysta godzin pracy. Następnie proszę sprawdzić ciśnienie.",
    "Russian": "Насос следует осматривать каждые четыреста часов работы. Затем проверьте давление.",
    "Spanish": "La bomba debe revisarse cada cuatrocientas horas. ¿Qué presión indica el manómetro después?",
    "Thai": "ควรตรวจสอบปั๊มทุกสี่ร้อยชั่วโมง จากนั้นตรวจสอบแรงดันและจดบันทึกค่าไว้ในสมุด",
    "Traditional Chinese": "本手冊說明水泵的安裝與保養方法。每運轉四百小時更換一次密封圈。",
    "Turkish": "Bakım kılavuzu: pompanın kapağını açın ve şu vidayı sıkın. Basıncı ölçüp deftere yazın.",
    "Ukrainian": "Насос слід оглядати кожні чотириста годин роботи. Потім перевірте тиск і запишіть його.",
}
_ENCODINGS = {
    "Arabic": ("cp1256", "iso8859-6"),
    "Bulgarian": ("cp1251", "iso8859-5"),
    "Chinese": ("gbk", "gb18030", "hz"),
    "Croatian": ("cp1250", "iso8859-2"),
    "Czech": ("cp1250", "iso8859-2", "cp852"),
    "French": ("cp1252", "cp850", "mac-roman"),
    "German": ("cp1252", "cp850", "mac-roman"),
    "Greek": ("cp1253", "iso8859-7"),
    "Hebrew": ("cp1255", "iso8859-8"),
    "Hungarian": ("cp1250", "iso8859-2"),
    "Japanese": ("cp932", "euc_jp", "iso2022_jp", "utf-16-le", "utf-16-be"),
    "Korean": ("cp949", "euc_kr", "iso2022_kr", "johab"),
    "Polish": ("cp1250", "iso8859-2", "cp852"),
    "Russian": ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic"),
    "Spanish": ("cp1252",),
    "Thai": ("cp874",),
    "Traditional Chinese": ("big5",),
    "Turkish": ("cp1254", "iso8859-9"),
    "Ukrainian": ("cp1251", "koi8-u"),
}
_TABLES = {
    "big5": "倉庫,品名,數量,部門\n一號倉庫,螺絲起子,15,採購部\n二號倉庫,扳手,30,維修部\n",
    "cp1250": "Číslo;Název;Cena\n1001;Šroubovák;150\n1002;Kladivo;300\n1003;Vrtačka příklepová;2500\n",
    "cp1251": "Артикул;Название;Цена\n1001;Отвёртка;150\n1002;Молоток;300\n1003;Дрель;2500\n",
    "cp1252": "Artikel;Größe;Preis\n1001;Schraubenzieher für Löcher;15\n1002;Säge;30\n",
    "cp1253": "Κωδικός;Είδος;Τιμή\n1001;Κατσαβίδι;150\n1002;Σφυρί;300\n",
    "cp932": "品番;品名;価格\n1001;ドライバー;150\n1002;ハンマー;300\n",
    "cp949": "품목;단가\n렌치;100\n망치;200\n전동드릴;89000\n",
    "gbk": "仓库,物品,数量,负责部门\n一号仓库,螺丝刀,15,采购部\n二号仓库,扳手,30,维修部\n",
    "koi8-r": "Артикул;Название;Цена\n1001;Отвёртка;150\n1002;Молоток;300\n",
}


_USUAL = {
    ("Arabic", "cp1256"),
    ("Chinese", "gbk"),
    ("Czech", "iso8859-2"),
    ("German", "cp1252"),
    ("Japanese", "iso2022_jp"),
    ("Korean", "cp949"),
    ("Russian", "koi8-r"),
    ("Traditional Chinese", "big5"),
    ("Turkish", "cp1254"),
}
"""What is tried every time; the others, in the long run."""


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        pytest.param(language, encoding, marks=() if (language, encoding) in _USUAL else pytest.mark.long)
        for language, each in _ENCODINGS.items()
        for encoding in each
    ],
)
class TestProse:
    def test_is_read_as_it_was_written(self, language: str, encoding: str) -> None:
        """A sentence or two are enough to know the encoding."""
        text = _PROSE[language] + "\n"
        assert decoded(text.encode(encoding)).text == text

    def test_however_much_ascii_is_before_it(self, language: str, encoding: str) -> None:
        """Where in the file the letters stand makes no difference."""
        text = "Plain words only. \n" * 9000 + _PROSE[language]
        assert decoded(text.encode(encoding)).text == text


@pytest.mark.parametrize("encoding", _TABLES)
def test_a_few_words_in_a_table_are_enough(encoding: str) -> None:
    """A short CSV file has the letters of its language."""
    assert decoded(_TABLES[encoding].encode(encoding)).text == _TABLES[encoding]


class TestDeclared:
    @pytest.mark.parametrize("label", ["utf-16", "UTF-16LE", "unicode", "iso-8859-1", "gbk", "unknown", "punycode"])
    def test_utf8_that_says_to_be_something_else(self, label: str) -> None:
        """A browser reads these as UTF-8 too, or has good reason to."""
        page = f"<html><meta charset={label}><p>Die Lieferung für Köln verließ das Lager größtenteils pünktlich."
        for data in (page.encode(), page.encode() + b" "):
            assert decoded(data, declares=True).text.startswith(page)

    @pytest.mark.parametrize(
        ("label", "encoding", "text"),
        [
            ("iso-8859-5", "iso8859-5", "Привет"),
            ("iso-8859-1", "cp1252", "“café”"),
            ("gb2312", "gbk", "镕基"),
            ("ks_c_5601-1987", "cp949", "똠방"),
            ("windows-31j", "cp932", "①番"),
        ],
    )
    def test_what_is_declared_is_believed(self, label: str, encoding: str, text: str) -> None:
        """A label decides, even for two letters; what its country's programs write beyond it is understood."""
        for page in (f"<meta charset='{label}'>{text}", f'<?xml version="1.0" encoding="{label}"?><a>{text}</a>'):
            assert decoded(page.encode(encoding), declares=True).text == page
        assert decoded(text.encode(encoding), says=label).text == text


class TestUnsure:
    def test_a_guess_that_others_come_near_is_not_sure(self) -> None:
        """One letter fits many encodings: the text is read, and says so."""
        found = decoded("5 kr. pr. stk. på lager\n".encode("cp1252"))
        assert found.text == "5 kr. pr. stk. på lager\n"
        assert not found.sure
        assert found.alternatives

    def test_a_long_text_is_sure(self) -> None:
        """Enough letters leave no doubt."""
        assert decoded((_PROSE["Russian"] * 5).encode("koi8-r")).sure

    def test_unicode_is_sure(self) -> None:
        """UTF-8 is no guess."""
        assert decoded("naïve".encode()).sure


class TestNoise:
    @pytest.mark.parametrize(
        "size", [32, 4000, *(pytest.param(size, marks=pytest.mark.long) for size in (20, 24, 64, 256, 70_000))]
    )
    def test_random_bytes_are_no_text(self, size: int) -> None:
        """Whatever encoding they are taken for, they have no words."""
        dice = random.Random(size)
        read = 0
        for _ in range(10):
            with suppress(Unreadable):
                decoded(dice.randbytes(size))
                read += 1
        assert read <= (1 if size < 32 else 0)

    @pytest.mark.parametrize(
        "data",
        [
            b"\x00\x01\x02\xff\xfe" * 400,
            b"\xde\xad\xbe\xef" * 8,
            bytes(range(256)) * 4,
            b"words and words " * 5000 + random.Random(1).randbytes(80_000),
            b"\xff\xfe" + random.Random(2).randbytes(4000),
            b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01K\x01u.",
        ],
    )
    def test_binary_data_is_no_text(self, data: bytes) -> None:
        """Patterns, and files that only begin with text, fail too."""
        with pytest.raises(Unreadable, match="binary data, not text"):
            decoded(data)


_EUC_TW = bytes.fromhex(
    "c6dbc5c3c5f5eba9cdfcc5d5d2a9cefbc7f8e6d2ead8cff1eff2c5c9cecea1a4"
    "cae4e7aaf7cbc6bec8cbc4d1d5ebcad5dfd0c4a1c8b9d9efd0ecd9cea1a48ea2f0b4"
)
"""The traditional Chinese prose and a character of plane 2, by glibc's iconv."""


def test_euc_tw() -> None:
    """EUC-TW, for which Python has no codec, is read: guessed, named, and with characters that are not known."""
    text = _PROSE["Traditional Chinese"] + "囍"
    assert decoded(_EUC_TW).text == text
    assert decoded(_EUC_TW[:40], says="x-euc-tw").text == text[:20]
    lost = decoded(20 * _EUC_TW + b"\x8e\xa3\xdf\xeb\xa1")
    assert (lost.text, lost.lost) == (20 * text + "\ufffd" * 2, 2)
