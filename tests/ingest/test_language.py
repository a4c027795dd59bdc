"""The language of a text is told where it is certain, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from vectorlog.domain.file_warning import FileWarning
from vectorlog.ingest.document import Document
from vectorlog.ingest.language import NAMES, language_of, told_of_language

TEXTS = {
    "en": "The pump is drained in May, and the valve that stands above it has to be closed by hand. If it is not, you "
    "can hear it from the door. Write what you have seen into the book which lies with the tools on the table. ",
    "de": "Die Pumpe wird im Mai geleert, und das Ventil, das über ihr steht, ist von Hand zu schließen. Wenn es nicht "
    "zu ist, hört man es von der Tür aus. Was man sieht, schreibt man in das Buch auf dem Tisch mit den Werkzeugen. ",
    "fr": "La pompe est vidée au mois de mai, et la vanne qui se trouve sur le dessus doit être fermée à la main. Si "
    "elle ne l'est pas, on entend le bruit par la porte. Notez ce que vous voyez dans le livre sur la table. ",
    "ru": "Насос сливают в мае, и клапан, который стоит над ним, закрывают вручную. Если он не закрыт, то это слышно "
    "из двери. Запишите всё, что вы увидели, в книгу, которая лежит на столе с инструментами, или как вам удобно. ",
    "ja": "五月にポンプの水を抜き、その上にある弁を手で閉めてください。閉まっていないと、音が聞こえます。",
    "el": "Η αντλία αδειάζει τον Μάιο και η βαλβίδα που βρίσκεται πάνω της κλείνει με το χέρι και όχι αλλιώς. ",
}


@pytest.mark.parametrize("code", TEXTS)
def test_prose(code: str) -> None:
    """Fifty words of prose are enough; a sentence is not."""
    assert language_of(TEXTS[code] * 4) == code
    assert language_of(TEXTS[code][:40]) == ""
    assert code in NAMES


@pytest.mark.parametrize(
    "text",
    [
        "Müller, Schäfer, Köhler, Große, Weiß, Jäger\n" * 40,
        "const a = (b, c) => { return b ? de : la };\n" * 60,
        "SKU-12;4,50;17\n" * 200,
        "",
    ],
)
def test_not_certain(text: str) -> None:
    """Names, program code and numbers are in no language."""
    assert language_of(text) == ""


def test_two_languages() -> None:
    """A text that is half in English is not told to be in another language."""
    assert language_of(TEXTS["en"] * 2 + TEXTS["de"] * 2) in ("", "en")


def test_real_texts() -> None:
    """This repository's own documents and code are English, or uncertain."""
    root = Path(__file__).parents[2]
    files = [*root.glob("docs/*.md"), *root.glob("functions/vectorlog/**/*.py")]
    found = {language_of(each.read_text()) for each in files if each.name not in ("language.py", "letters.py")}
    assert found <= {"", "en"}


def test_warning() -> None:
    """A file is told if its model does not know its language, not if what the model knows is unknown."""
    german = Document("Die Pumpe", (), (), warnings=(FileWarning("left_out", "A chart."),), language="de")
    first, second = told_of_language(german, "local:granite", ("en",)).warnings
    assert (first.code, second.code) == ("other_language", "left_out")
    assert "German" in first.message
    assert "local:granite" in first.message
    assert told_of_language(german, "endpoint:x", ()) == german
    assert told_of_language(german, "local:x", ("en", "de")) == german
