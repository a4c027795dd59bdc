"""What finds what: a text is found by a query if they share a term."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.growth import grows_linearly
from vectorlog.index.analyser.terms import LONGEST, query_terms, terms


def found(text: str, query: str) -> float:
    """The share of a query's weight that a text has: 1 if all of it is found."""
    weights, known = query_terms(query).weights, terms(text)
    return sum(weight for term, weight in weights.items() if term in known) / (sum(weights.values()) or 1.0)


class TestWriting:
    @pytest.mark.parametrize(
        ("text", "query"),
        [
            ("The oﬃcial ﬂowmeter ﬁtting is eﬀective.", "flowmeter fitting effective"),
            ("型番ＱＲＺ７７８１の部品を交換する。", "QRZ7781"),
            ("depot orchis", "ｄｅｐｏｔ ＯＲＣＨＩＳ"),
            ("L’arrosoir est près du four; n’oubliez pas l’entonnoir.", "l'entonnoir"),
            ("Le râteau et l’échenilloir sont prêtés.", "échenilloir"),
            ("MILLER`S REACH", "Miller’s Reach"),
            ("Glas\u00adhütten\u00adhof", "Glashüttenhof"),
            ("hygro\u200bstat", "hygrostat"),
            ("Cafe\u0301 Me\u0301lusine", "Café Mélusine"),
            ("Café Mélusine", "Cafe\u0301 Me\u0301lusine"),
            ("Łęczyńska", "leczynska"),
            ("Weißgerbergraben", "WEISSGERBERGRABEN"),
            ("Mühlgrübchen", "Muehlgruebchen"),
            ("Mühlgrübchen", "muhlgrubchen"),
            ("IŞIKLI KÖPRÜ", "isikli kopru"),
            ("ışıklı köprü", "ISIKLI KOPRU"),
            ("İnciraltı", "inciralti"),
            ("the co\u2011operative", "co-operative"),
            ("سنة ٢٠٢٤", "2024"),
            ("كتـــاب", "كتاب"),
        ],
    )
    def test_however_it_is_written(self, text: str, query: str) -> None:
        """Ligatures, widths, apostrophes, marks, soft hyphens, case and digits do not keep a text from being found."""
        assert found(text, query) > 0.7

    def test_the_form_as_written_is_better(self) -> None:
        """Of two texts that differ in a mark, the one with the query's mark has more of it."""
        assert found("résumé", "résumé") > found("resume", "résumé") > 0.5


class TestCompounds:
    @pytest.mark.parametrize(
        ("text", "query"),
        [
            ("ERR_2043 in line 7", "ERR_2043"),
            ("ERR_2043 in line 7", "ERR-2043"),
            ("ERR_2043 in line 7", "err2043"),
            ("ERR_2043 in line 7", "2043"),
            ("upgrade to v2.14.3", "2.14.3"),
            ("upgrade to 2.14.3.", "v2.14.3"),
            ("edit config.yaml", "config.yaml"),
            ("edit config.yaml", "config"),
            ("numpy.ndarray.reshape", "numpy.ndarray.reshape"),
            ("call numpy.ndarray", "ndarray"),
            ("pass --no-cache", "--no-cache"),
            ("pass --no-cache", "no-cache"),
            ("see CVE-2024-1234", "CVE-2024-1234"),
            ("/usr/local/share/doc", "usr/local/share/doc"),
            ("/usr/local/share/doc", "share"),
            (r"C:\Tools\bin", "tools"),
            ("BlueHeronHall", "blue heron hall"),
            ("getUserName()", "getusername"),
            ("on 2026-04-21", "2026/04/21"),
            ("written in C++", "C++"),
            ("written in C#", "c#"),
            ("post to desk@example.org", "example"),
        ],
    )
    def test_as_a_whole_and_in_parts(self, text: str, query: str) -> None:
        """A compound is found as a whole, however its parts are joined, and by a part."""
        assert found(text, query) > 0.7

    @pytest.mark.parametrize(
        ("code", "others"),
        [("ERR_2043", "error ERR_2044"), ("v2.14.3", "version 2.14.4"), ("config.yaml", "config.toml")],
    )
    def test_it_is_more_than_its_parts(self, code: str, others: str) -> None:
        """Something with some of the same parts has less than half of a code."""
        assert found(others, code) < 0.5

    def test_a_code_weighs_more_than_words(self) -> None:
        """A text with the code and none of a sentence's words has more than a text with some of the words."""
        query = "The pump shows K735 in the display again"
        assert found("K735", query) > found("display of the pump", query) - 0.2
        assert query_terms(query).weights["k735"] > 1.5 * query_terms("pump").weights["pump"]


class TestNumbers:
    def test_cells_are_apart(self) -> None:
        """Each cell of a row is found, and not the row as a number."""
        row = "12,45,73340,2\n3,7,61286,1"
        for cell in ("12", "45", "73340", "2", "61286"):
            assert found(row, cell) == 1
        assert set(terms("12,45,73340,2")) == {"12", "45", "73340", "2"}

    @pytest.mark.parametrize("text", ["about 12,450 people", "about 12\u202f450 people", "12450 people"])
    def test_thousands(self, text: str) -> None:
        """A number with separators is found by its digits, and the other way round."""
        assert found(text, "12450") == 1
        assert found(text, "12,450") > 0.5

    def test_a_number_weighs_as_a_word(self) -> None:
        """Numbers alone are too common to weigh more."""
        assert query_terms("2031").weights == {"2031": 1.0}


class TestWords:
    def test_forms(self) -> None:
        """Forms of a word find each other by the stem of the text's language."""
        for text, query in (
            ("the foxes were running", "fox runs"),
            ("Die Bücher werden von der Werkstatt ausgeliehen", "das Buch und die Werkstätten"),
            ("Les ouvriers sont dans les ateliers de la ville", "les ouvrières et l'atelier"),
            ("Хранятся инструменты для огорода", "инструмент"),
        ):
            assert found(text, query) > 0.6, text

    def test_the_plain_form_is_there(self) -> None:
        """A query whose language is not known finds the words as they are written in a text whose language is."""
        text = "Die Ausleihfristen sind in der Ordnung der Bücherei geregelt, und man darf sie verlängern."
        assert found(text, "Ausleihfristen") > 0
        assert "ausleihfristen" in terms(text)

    def test_a_query_of_unclear_language(self) -> None:
        """A short question finds forms of its words in a text whose language is clear."""
        text = "Le petit bassin de la piscine est fermé le mardi, et les outils du jardin sont dans la cabane verte."
        query = query_terms("Jardins et cabanes fermées ?")
        assert {"jardin", "caban", "ferm"} <= set(query.weights) & set(terms(text))

    def test_stop_words(self) -> None:
        """English articles and the like are no terms."""
        assert not terms("to be or not to be")
        assert not query_terms("The").weights

    def test_acronyms(self) -> None:
        """A function word in capitals is one of its own, beside words in small letters, and alone."""
        text = "IT asked the WHO and the US"
        assert found(text, "IT") == 1
        assert found(text, "what does WHO say") > found("who said what", "what does WHO say")
        assert found("it is for us", "IT") == 0
        assert "AND" in terms("an AND gate")

    def test_a_text_in_capitals(self) -> None:
        """Where all is in capitals, they say nothing."""
        assert terms("IT IS FOR US AND THEM ALL") == terms("it is for us and them all")

    def test_question_words_weigh_less(self) -> None:
        """How, what and we say less than other words."""
        weights = query_terms("what can we plant").weights
        assert weights["what"] < weights["plant"] / 2


class TestUnspaced:
    @pytest.mark.parametrize(
        ("text", "query", "other"),
        [
            ("图书逾期每天要交三元五角。", "逾期", "图书馆"),
            ("菜園の道具は赤い物置にしまいます。", "物置", "置物"),
            ("プールの休館日は第三水曜日です。", "水曜日", "日曜"),
            ("전동 드릴의 보증금은 35000원입니다.", "보증금", "금보증"),
            ("ห้องสมุดเปิดทุกวัน", "ห้องสมุด", "มุดสอง"),
        ],
    )
    def test_pairs(self, text: str, query: str, other: str) -> None:
        """Text without spaces is found by what it contains, and hardly by the same characters in another order."""
        assert found(text, query) == 1
        assert found(text, other) < 1

    def test_one_character(self) -> None:
        """A query of one character finds it."""
        assert found("黒猫がいる", "猫") == 1


class TestLimits:
    def test_terms_are_bounded(self) -> None:
        """However long a word, its term is short, and another long word has another one."""
        for text in ("x" * 5_000, "a-" * 5_000, "字" * 500, "é" * 5_000, "a1" * 5_000, "http://" + "ab/" * 5_000):
            assert all(0 < len(term) <= LONGEST and not any(map(str.isspace, term)) for term in terms(text))
        assert terms("x" * 5_000) == terms("X" * 5_000) != terms("x" * 4_999)

    def test_nothing(self) -> None:
        """Signs alone have no terms."""
        for text in ("", "… — !", "---", "'", "\n\n", "\ufeff"):
            assert not terms(text)
            assert not query_terms(text).weights

    def test_the_own_terms_of_a_query(self) -> None:
        """What a query in a clear language looks for is what its text is indexed by."""
        for text in ("The ERR_2043 of numpy.ndarray, 12,450 km", "图书逾期", "l’eau, don't, O'Neil's", "résumé"):
            query = query_terms(text)
            assert query.own == terms(text)
            assert set(query.weights) <= set(query.own)

    @pytest.mark.parametrize(
        "piece", ["word ", "a-", "1,", "1,234,", "é", "字", "'", "x'y ", "a_B", "a\u0301", "#", "v1.", "aB", "@ "]
    )
    def test_the_time_is_linear(self, piece: str) -> None:
        """Ten times the text takes about ten times as long, whatever it repeats."""
        assert grows_linearly(lambda size: terms(piece * (size // len(piece))), 100_000)

    def test_threads_agree(self) -> None:
        """Analysis in several threads at a time has the same result as in one."""
        source = random.Random(5)
        texts = [
            " ".join(f"{source.choice(('running', 'nationes', 'Bücher'))}{i}s und" for i in range(3))
            for _ in range(300)
        ]
        with ThreadPoolExecutor(8) as threads:
            together = list(threads.map(terms, texts))
        assert together == [terms(text) for text in texts]
