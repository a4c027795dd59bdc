"""Formats that are text: tables, source code, subtitles, LaTeX, XML."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from vectorlog.ingest.blocks import Kind
from vectorlog.ingest.document import Text
from vectorlog.ingest.extract import extract

Read = Callable[[str, str], Text]
BLOB = base64.b64encode(random.Random(1).randbytes(900)).decode()


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def reading(text: str, name: str) -> Text:
        (tmp_path / "blob").write_bytes(text.encode())
        return extract(tmp_path / "blob", name)

    return reading


def _blocks(found: Text, kind: Kind) -> list[str]:
    return [found.text[each.start : each.end] for each in found.blocks.of(kind)]


class TestSourceCode:
    @pytest.mark.parametrize(
        ("name", "text", "headings"),
        [
            (
                "a.py",
                "import os\n\n# About.\n@final\nclass Pump(Part):\n    size = 1\n\n    async def run(self):\n"
                "        if (a):\n            return b\n\ndef main() -> None:\n    pass\n",
                [(2, "class Pump(Part)"), (3, "async def run(self)"), (2, "def main() -> None")],
            ),
            (
                "a.go",
                "package main\n\n// Add adds.\nfunc Add(a int) int {\n\treturn a\n}\n",
                [(2, "func Add(a int) int")],
            ),
            (
                "A.java",
                "public class A {\n    public static void main(String[] args) {\n        for (;;) {\n        }\n    }\n"
                "}\n",
                [(2, "public class A"), (3, "public static void main(String[] args)")],
            ),
            ("a.c", "int main(int argc)\n{\n  call(1);\n}\n", [(2, "int main(int argc)")]),
            ("a.ts", "export const f = (a) => {\n}\n", [(2, "export const f = (a) =>")]),
            ("a.rs", "impl Pump {\n    pub fn run(&self) {\n    }\n}\n", [(2, "impl Pump"), (3, "pub fn run(&self)")]),
        ],
    )
    def test_definitions_are_headings(self, name: str, text: str, headings: list[tuple[int, str]], read: Read) -> None:
        """The text stays as it was; what is defined in it stands over its code, and is no title of the file."""
        found = read(text, name)
        assert found.text == text
        assert [(each.level, each.title) for each in found.blocks.of(Kind.HEADING)] == headings
        assert not found.title

    def test_what_stands_before_a_definition_belongs_to_it(self, read: Read) -> None:
        """Comments and decorators are part of the heading."""
        found = read("x = 1\n# About.\n@final\nclass A:\n    pass\n", "a.py")
        assert _blocks(found, Kind.HEADING) == ["# About.\n@final\nclass A:"]
        assert _blocks(found, Kind.CODE) == ["x = 1", "pass"]


class TestSubtitles:
    def test_srt(self, read: Read) -> None:
        """What is said is there, once, with a few times; numbers of cues are not."""
        text = (
            "1\n00:00:01,000 --> 00:00:02,000\nHello <i>there</i>\n\n2\n00:00:02,500 --> 00:00:04,000\nHello there\n"
            "General\n\n3\n00:01:02,500 --> 00:01:04,000\n42\n"
        )
        assert read(text, "a.srt").text == "[00:00:01] Hello there General\n\n[00:01:02] 42"

    def test_vtt(self, read: Read) -> None:
        """Notes, styles and names of cues are left out, references become letters, and who speaks stays."""
        text = (
            "WEBVTT\nKind: x\n\nNOTE no\nmore\n\nintro\n00:01.000 --> 00:02.000 align:start\n<v Bob>Hi &amp; bye\n\n"
            "00:02.000 --> 00:03.000\n<v Bob>again\n\n00:03.000 --> 00:04.000\n<v.loud Ann Lee>No <i>x</i>: 3 < 5 > 2\n"
        )
        assert read(text, "a.vtt").text == "[00:00:01] Bob: Hi & bye again Ann Lee: No x: 3 < 5 > 2"


class TestLatex:
    def test_structure(self, read: Read) -> None:
        """Title, sections, items and code are found; letters are letters, and formulas stay."""
        text = (
            '\\title{My Paper}\n\\begin{document}\n\\section{Einf\\"uhrung}\\label{s}\nA \\textbf{bold} word % no\n'
            "costs 5\\% of $x^2$.\n\nStra\\ss{}e\n\\begin{itemize}\n\\item One\n\\end{itemize}\n"
            "\\begin{verbatim}\n\\raw{x}\n\\end{verbatim}\n\\end{document} after"
        )
        found = read(text, "a.tex")
        assert found.title == "My Paper"
        assert found.text == (
            "# My Paper\n\n## Einführung\n\nA bold word costs 5% of $x^2$.\n\nStraße\n\n- One\n\n```\n\\raw{x}\n```"
        )

    @pytest.mark.parametrize(
        ("tex", "shown"),
        [
            (r"Use \verb|50%| of $\frac{1}{2}\alpha$ and more", r"Use 50% of $\frac{1}{2}\alpha$ and more"),
            (r"$\alpha + \beta = 5$", r"$\alpha + \beta = 5$"),
            (r"A \[ \sum_{i=1}^n x_i \] and \(\lambda > 0\)", r"A \[ \sum_{i=1}^n x_i \] and \(\lambda > 0\)"),
            *[("\\begin{align*}\na &= b \\\\\nc &= d\n\\end{align*}",) * 2],
            ("\\begin{equation}\\label{e}a=b\\end{equation} so", "\\begin{equation}a=b\\end{equation} so"),
            ("\\begin{lstlisting}\n50% of x\n\\end{lstlisting}", "```\n50% of x\n```"),
            (r"\url{http://a.b/x%20y} \href{http://a.b/%20z}{here}", "http://a.b/x%20y [here](http://a.b/%20z)"),
            (r"\lstinline{a % b}, \verb+x%y+ \textcolor{red}{words}", "a % b, x%y words"),
            (r"\section{The $x^2$ term} costs \$5 and 5\% % no", "## The $x^2$ term\n\ncosts $5 and 5%"),
            (r"an open $ alone \[ and \begin{align} stay", "an open $ alone  and  stay"),
        ],
    )
    def test_formulas_and_verbatim_text(self, tex: str, shown: str, read: Read) -> None:
        """Formulas stay as they are written, and a percent sign in code or an address begins no comment."""
        assert read(f"\\begin{{document}}\n{tex}\n\\end{{document}}", "a.tex").text == shown


class TestNotebook:
    def test_outputs(self, read: Read) -> None:
        """Errors, and values that only a rich form shows, are read; images are counted."""
        data: list[dict[str, object]] = [
            {"output_type": "error", "traceback": ["\x1b[0;31mZeroDivisionError\x1b[0m: zero"]},
            {"output_type": "display_data", "data": {"text/markdown": ["**md**"]}},
            {"output_type": "execute_result", "data": {"text/latex": "$x$", "text/plain": "<a.Latex object>"}},
            {"output_type": "execute_result", "data": {"text/html": "<p>cell 7</p>"}},
            {"output_type": "display_data", "data": {"application/json": {"k": 1}}},
            {"output_type": "display_data", "data": {"image/png": "x", "text/plain": "<Figure size 1>"}},
            {"output_type": "pyerr", "ename": "OldError", "evalue": "old"},
            {"output_type": "pyout", "latex": "$old$"},
        ]
        found = read(json.dumps({"cells": [{"cell_type": "code", "source": "1/0", "outputs": data}]}), "a.ipynb")
        for said in ("ZeroDivisionError: zero", "**md**", "$x$", "cell 7", '"k": 1', "OldError: old", "$old$"):
            assert said in found.text
        assert [each.message for each in found.warnings] == ["1 image is not read."]


@pytest.mark.parametrize("name", ["a.eml", "a.emlx", "a.mht", "a.mhtml", "a.ipynb", "a.mbox", "a.mbx"])
@pytest.mark.parametrize("text", ["plain text, not what the name says", "# Title\n\nNote: some text\n\nbody\n"])
def test_the_content_decides(name: str, text: str, read: Read) -> None:
    """Text is read whatever its name is, in full."""
    assert read(text, name).text == text


class TestXml:
    def test_is_kept_but_for_data(self, read: Read) -> None:
        """References become letters, markup stays, and wrapped base64 is left out and told."""
        wrapped = "\n".join(BLOB[at : at + 76] for at in range(0, len(BLOB), 76))
        found = read(f'<a b="{BLOB}">Z&#252;rich &#60;b&#x3e; &amp; {{}}<c>{wrapped}</c> end</a>', "a.xml")
        assert found.text == ('<a b="[data left out]">Zürich &#60;b&#x3e; &amp; {}<c>[data left out]</c> end</a>')
        assert [each.code for each in found.warnings] == ["left_out"]


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.csv", "a.py"])
def test_images_in_a_text_are_left_out(name: str, read: Read) -> None:
    """A `data:` address is not text; what is around it stays."""
    found = read(f"before (data:image/png;base64,{BLOB}) after", name)
    assert found.text == "before ([data left out]) after"
    assert [each.code for each in found.warnings] == ["left_out"]
