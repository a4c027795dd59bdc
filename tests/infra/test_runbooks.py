"""docs/runbooks.md has what an operator needs for every alarm, and its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.monitoring.queries import QUERIES
from tests.infra.synthesized import Synthesize, Synthesized
from vectorlog.cli.main import COMMANDS

pytestmark = pytest.mark.infra

ROOT = Path(__file__).parents[2]
PAGE, DEV = ROOT / "docs" / "runbooks.md", ROOT / "dev"
PARTS = ("**Means.**", "**See.**", "**Mend.**")


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    """The text below each heading."""
    _, *found = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)
    return {title: text for title, _, text in (each.partition("\n") for each in found)}


@pytest.fixture(scope="module")
def described(stack: Synthesized, synthesize: Synthesize) -> dict[str, str]:
    """The sections that the alarms of stacks with any settings name, by the alarms' names."""
    every = (stack, synthesize(index="serverless"), synthesize(opensearch_nodes="2"))
    found: dict[str, str] = {}
    for which in every:
        for each in which.of("AWS::CloudWatch::Alarm").values():
            name = each["Properties"]["AlarmName"].removeprefix("vectorlog-dev-")
            said = re.search(r'Runbook: docs/runbooks\.md, "([^"]+)"\.$', each["Properties"]["AlarmDescription"])
            assert said, f"{name} names no runbook"
            found[name] = said[1]
    return found


def test_every_alarm_has_its_section(described: dict[str, str], sections: dict[str, str]) -> None:
    """Whoever hears an alarm finds what it means, how to see it and how to mend it; a section of several names each."""
    assert len(described) >= 41
    for alarm, section in described.items():
        text = sections[section]
        assert all(part in text for part in PARTS), section
        assert section in (alarm, "errors") or f"`{alarm}`" in text, f"{section} does not name {alarm}"


def test_no_section_is_left_over(described: dict[str, str], sections: dict[str, str]) -> None:
    """A section of an alarm that there is no more would mislead."""
    assert set(sections) - {"Every alarm", "First steps"} == set(described.values())


def test_commands_exist(sections: dict[str, str]) -> None:
    """Each command of ours is there."""
    text = PAGE.read_text()
    ours = set(re.findall(r"(?:\./dev|\bvectorlog) ([a-z]+)", text))
    cases = re.findall(r"^([a-z-]+(?: \| [a-z-]+)*)\)$", DEV.read_text(), flags=re.MULTILINE)
    assert ours <= set(COMMANDS) | {word for each in cases for word in each.split(" | ")}
    assert {"show", "verify", "rebuild"} <= ours


def test_functions_and_queues_are_found(stack: Synthesized) -> None:
    """The shell's functions at the top find one function, or one queue, for each name that a section gives them."""
    text = PAGE.read_text()
    ids = [name for name in stack.of("AWS::Lambda::Function") if name.startswith("Functions")]
    for name in set(re.findall(r"\b(?:lines|fn) \"?([A-Z]\w+)", text)):
        assert len([each for each in ids if each.startswith(f"Functions{name}")]) == 1, name
    for name in set(re.findall(r"\bqueue ([A-Z]\w+)", text)):
        assert f"{name}Queue" in stack.json["Outputs"]


def test_queries_exist() -> None:
    """Each saved query that a section names is saved, and each saved one is listed."""
    text = PAGE.read_text()
    named = set(re.findall(r"quer(?:y|ies) `([a-z ]+)`", text))
    listed = {
        name for row in re.findall(r"^\| (`[^|]+`) \|", text, re.MULTILINE) for name in re.findall("`(.+?)`", row)
    }
    saved = {each.name for each in QUERIES}
    assert named <= saved
    assert saved <= listed
