"""Raised, lowered and struck-out letters keep figures and words as they are, in every format."""

from __future__ import annotations

import io
from collections.abc import Callable

import pptx
import pytest

from tests.ingest.formats.test_opendocument import opendocument
from tests.ingest.formats.test_word import document
from vectorlog.ingest.document import Text

Read = Callable[[bytes, str], Text]


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("10<sup>6</sup> m<sup>2</sup>, 10<sup>-3</sup> s<sup>−1</sup>", "10^6 m², 10^-3 s⁻¹"),
        ("H<sub>2</sub>O, x<sub>max</sub>, 101<sub>2</sub>", "H2O, x_max, 101_2"),
        ("word<sup>1</sup>, Smith<sup>1,2</sup>. End.<sup><a href='#f'>3</a></sup>", "word[1], Smith[1,2]. End.[3]"),
        ("1<sup>st</sup> Acme<sup>®</sup> Foo<sup>TM</sup> M<sup>lle</sup>", "1st Acme® Foo™ Mlle"),
        ("2<sup>1</sup>/<sub>2</sub> cups, <sup>3</sup>&frasl;<sub>4</sub>", "2 1/2 cups, 3/4"),
        ("(x+1)<sup>2</sup> e<sup>x+y</sup> 2<sup>2<sup>3</sup></sup>", "(x+1)^2 e^(x+y) 2^(2^3)"),
        ("<math><mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></mfrac></math>", "(a+b)/2"),
        ("<math><msup><mi>x</mi><mn>2</mn></msup><mo>=</mo><msqrt><mi>y</mi><mn>1</mn></msqrt></math>", "x² = √y1"),
        ("<math><msup><mn>10</mn><mn>6</mn></msup></math>", "10^6"),
        ("<math><semantics><mi>x</mi><annotation encoding='a/x-tex'>TeX</annotation></semantics></math>", "x"),
    ],
)  # fmt: skip
def test_html(html: str, shown: str, read: Read) -> None:
    """An exponent is no digit of its number, the number of a note no letter of its word, and formulas stay."""
    assert read(f"<html><body><p>{html}</p></body></html>".encode(), "a.html").text.strip() == shown


def test_word(read: Read) -> None:
    """Runs that follow each other are one exponent; what is struck out stands apart; formulas are read."""

    def run(text: str, form: str = "") -> str:
        return f"<w:r><w:rPr>{form}</w:rPr><w:t>{text}</w:t></w:r>"

    raised, lowered = '<w:vertAlign w:val="superscript"/>', '<w:vertAlign w:val="subscript"/>'
    body = f"<w:p>{run('10')}{run('-', raised)}{run('6', raised)}{run(' m')}{run('2', raised)}{run(' H')}"
    body += f"{run('2', lowered)}{run('O x1')}{run('OL', '<w:strike/>')}{run('D', '<w:strike/>')}{run('NEW')}</w:p>"
    math = (
        '<w:p><m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"><m:f><m:num><m:r>'
        "<m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f><m:r><m:t>=</m:t></m:r><m:rad><m:deg/><m:e><m:r><m:t>c"
        "</m:t></m:r></m:e></m:rad></m:oMath></w:p>"
    )
    assert read(document(body + math, {}), "a.docx").text == "10^-6 m² H2O x1~~OLD~~NEW\n\n(a+b)/2=√c"


def test_presentation(read: Read) -> None:
    """A moved baseline is an exponent."""
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    paragraph = slide.shapes.add_textbox(0, 0, 9999999, 999999).text_frame.paragraphs[0]
    for text, baseline in (("10", ""), ("6", "30000"), (" m", ""), ("2", "30000")):
        run = paragraph.add_run()
        run.text = text
        if baseline:
            run.font._element.set("baseline", baseline)
    out = io.BytesIO()
    deck.save(out)
    assert "10^6 m²" in read(out.getvalue(), "a.pptx").text


def test_opendocument(read: Read) -> None:
    """The styles of letters say what is raised and what is struck out."""
    styles = "".join(
        f'<style:style style:name="{name}" style:family="text"><style:text-properties {form}/></style:style>'
        for name, form in (
            ("T1", 'style:text-position="super 58%"'),
            ("T2", 'style:text-line-through-style="solid"'),
            ("T3", 'style:text-position="-33% 58%"'),
        )
    )
    span = '<text:span text:style-name="{}">{}</text:span>'.format
    body = f"<text:p>10{span('T1', '6')} m{span('T1', '2')} x1{span('T2', 'OLD')}NEW 101{span('T3', '2')}</text:p>"
    assert read(opendocument("text", body, styles), "a.odt").text == "10^6 m² x1~~OLD~~NEW 101_2"


def test_rtf(read: Read) -> None:
    """Controls of letters, and moved baselines."""
    data = rb"{\rtf1\ansi 10{\super 6} m{\up6 2} H{\sub 2}O x1{\strike OLD}NEW \super 9\nosupersub\par}"
    assert read(data, "a.rtf").text.startswith("10^6 m² H2O x1~~OLD~~NEW")
