"""What people write around a question is left out, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorlog.rewriting.plain import rewritten


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Hi, can you please tell me when the pool closes?", "when the pool closes?"),
        ("Hello there! I would like to know the fee for a drill, please.", "the fee for a drill"),
        ("could you let me know whether E-4711 is fatal", "E-4711 is fatal"),
        ("When does it close? Thanks in advance!", "When does it close?"),
        ("Where is it, please?", "Where is it?"),
        ("  two\n words ", "two words"),
        (
            "Dear all,\n\nI hope you are well. How long is a shift?\n\nMany thanks,\nAnn\n--\nPump house",
            "How long is a shift?",
        ),
        ("What is due?\nSent from my telephone", "What is due?"),
        ("How do I reset my password? Thanks", "How do I reset my password?"),
        ("Good morning! what is the fee?", "what is the fee?"),
        ("Dear Sir or Madam, what is the fee?", "what is the fee?"),
        ("Hi team, how do I reset it?", "how do I reset it?"),
        ("Hello Anna, how do I reset it?", "how do I reset it?"),
        ("How do I reset my password?\n\nBest regards\nBob Smith", "How do I reset my password?"),
        ("Hello! Could you tell me please what cats do? Thanks", "what cats do?"),
        ("It fails.\nThanks\nE-4711 on the display?", "It fails. E-4711 on the display?"),
    ],
)
def test_what_is_left_out(query: str, expected: str) -> None:
    """Greetings, courtesies, the beginnings of questions, and signatures."""
    assert rewritten(query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "Dear John letter",
        "hello world",
        "Hey Jude lyrics",
        "Please Please Me",
        "please find attached the invoice",
        "thanks",
        "best wishes for the new year",
        "Hello!",
        "E-4711",
        'which rule says "could you tell me the fee, please"',
        "“Hi, can you tell me” as a phrase",
        "rm -- -f",
        "was ist der Preis, bitte?",
    ],
)
def test_what_stays(query: str) -> None:
    """Titles, codes, quotations, other languages, and a query that would have nothing left."""
    assert rewritten(query) == query


@given(st.text(max_size=300))
def test_a_query_stays_a_query(query: str) -> None:
    """What is not blank never becomes blank, and rewriting it again changes little: it only gets shorter."""
    once = rewritten(query)
    assert bool(once) == bool(query.strip())
    assert len(rewritten(once)) <= len(once) <= len(query)
