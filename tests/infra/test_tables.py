from __future__ import annotations

from typing import Any

import pytest

from tests.infra.synthesized import Synthesize, Synthesized
from vectorlog.runtime.aws import tables

pytestmark = pytest.mark.infra

TYPE = "AWS::DynamoDB::Table"


def _made(stack: Synthesized, output: str) -> dict[str, Any]:
    made: dict[str, Any] = stack.json["Resources"][stack.json["Outputs"][output]["Value"]["Ref"]]
    return made


@pytest.mark.parametrize(("output", "schema"), [("EventsTable", tables.events("")), ("ViewsTable", tables.views(""))])
def test_schema(stack: Synthesized, output: str, schema: dict[str, Any]) -> None:
    """Keys, indexes and stream are those that the adapters are tested with."""
    made = _made(stack, output)["Properties"]
    for part in ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode"):
        assert made.get(part) == schema.get(part)
    assert made.get("StreamSpecification", {}).get("StreamViewType") == schema.get("StreamSpecification", {}).get(
        "StreamViewType"
    )


@pytest.mark.parametrize("output", ["EventsTable", "ViewsTable"])
def test_kept(stack: Synthesized, synthesize: Synthesize, output: str) -> None:
    """A table can be restored to any second of 35 days, cannot be deleted by mistake, and outlives the stack, unless
    configured otherwise.
    """
    made = _made(stack, output)
    assert made["DeletionPolicy"] == made["UpdateReplacePolicy"] == "Retain"
    assert made["Properties"]["DeletionProtectionEnabled"] is True
    assert made["Properties"]["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    gone = _made(synthesize(removal="destroy"), output)
    assert (gone["DeletionPolicy"], gone["Properties"]["DeletionProtectionEnabled"]) == ("Delete", False)


def test_time_to_live(stack: Synthesized) -> None:
    """Rows with an expiry time are removed then; commits never are."""
    assert _made(stack, "ViewsTable")["Properties"]["TimeToLiveSpecification"] == {
        "AttributeName": tables.TTL_ATTRIBUTE,
        "Enabled": True,
    }
    assert "TimeToLiveSpecification" not in _made(stack, "EventsTable")["Properties"]


def test_second_table_of_views(stack: Synthesized, synthesize: Synthesize) -> None:
    """A second views table is added beside the first, and either can be the one that is read; none is replaced."""
    first = stack.json["Outputs"]["ViewsTable"]["Value"]["Ref"]
    both, turned = synthesize(views="1,2"), synthesize(views="2,1")
    assert (
        both.json["Outputs"]["ViewsTable"]["Value"]["Ref"]
        == first
        == turned.json["Outputs"]["ViewsAlso"]["Value"]["Ref"]
    )
    assert both.json["Outputs"]["ViewsAlso"]["Value"]["Ref"] == turned.json["Outputs"]["ViewsTable"]["Value"]["Ref"]
    assert len(both.of(TYPE)) == 4
    assert both.environment("projector")["VECTORLOG_VIEWS_ALSO"] == both.json["Outputs"]["ViewsAlso"]["Value"]
