"""Questions to the logs that are saved with the stack."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from infra.monitoring.queries import EXAMPLE, QUERIES
from tests.infra.synthesized import Synthesize, Synthesized

pytestmark = pytest.mark.infra


@pytest.fixture(scope="module")
def queries(stack: Synthesized) -> dict[str, Any]:
    """The definitions, by their names without the stage."""
    found = (each["Properties"] for each in stack.of("AWS::Logs::QueryDefinition").values())
    return {each["Name"].removeprefix("vectorlog-dev/"): each for each in found}


def test_saved(queries: dict[str, Any], synthesize: Synthesize) -> None:
    """Each is saved in a folder of the stage, so stages do not mix."""
    assert set(queries) == {each.name for each in QUERIES}
    other = synthesize(stage="prod").of("AWS::Logs::QueryDefinition").values()
    assert all(each["Properties"]["Name"].startswith("vectorlog-prod/") for each in other)


def test_request(stack: Synthesized, queries: dict[str, Any]) -> None:
    """From a request's id to everything about it: one query reads the log of every function that users or queues call,
    and the access log, in both forms of the id.
    """
    read = {json.dumps(each) for each in queries["request"]["LogGroupNames"]}
    groups = set(stack.of("AWS::Logs::LogGroup"))
    wanted = {name for name in groups if re.match(r"Functions(?!FirstKey|IndexAccess)|ApiAccessLog", name)}
    assert read == {json.dumps({"Ref": name}) for name in wanted}
    assert queries["request"]["QueryString"].count(EXAMPLE) == 2


def test_events_are_written(queries: dict[str, Any]) -> None:
    """Each `event` that a query asks for is one that the code writes."""
    from pathlib import Path

    code = "\n".join(path.read_text() for path in (Path(__file__).parents[2] / "functions").rglob("*.py"))
    asked = {name for each in queries.values() for name in re.findall(r'"([a-z]+(?:_[a-z]+)*)"', each["QueryString"])}
    events = asked - {"req_"}
    assert events >= {"request", "file_failed", "provider_called"}
    assert [name for name in events if f'"{name}"' not in code] == []
