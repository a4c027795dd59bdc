from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_sqs as sqs

from infra import configuration, lint, rules
from infra.assets import Assets
from infra.stack import VectorlogStack
from tests.infra.synthesized import FLAGS

pytestmark = pytest.mark.infra

ARN = "arn:aws:{}:eu-central-1:123456789012:{}".format
CHOICES = {
    "default": {},
    "network": {
        "vpc": "new",
        "models": "openai:text-embedding-3-small",
        "embedding_secret_arn": ARN("secretsmanager", "secret:key-AbCdEf"),
    },
    "other domain": {
        "opensearch_endpoint": "https://search-x.eu-central-1.es.amazonaws.com",
        "opensearch_domain_arn": ARN("es", "domain/x"),
        "domain_name": "api.example.com",
        "certificate_arn": ARN("acm", "certificate/0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a"),
        "hosted_zone": "Z123/example.com",
    },
    "everything goes": {
        "removal": "destroy",
        "alarm_email": "me@example.com",
        "cors_origins": "https://example.com",
        "opensearch_nodes": "2",
        "rollout": "canary",
        "adot_layer_arn": "arn:aws:lambda:eu-central-1:901920570463:layer:aws-otel-collector-arm64-ver-0-117-0:1",
    },
}
"""Settings that together create every construct."""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The findings of cdk-nag for each."""
    found = {}
    for name, context in CHOICES.items():
        chosen, folder = configuration.read(context), tmp_path_factory.mktemp("cdk")
        app = App(context=FLAGS, outdir=str(folder))
        VectorlogStack(app, "Vectorlog-dev", configuration=chosen, assets=Assets("arm64", bundling=False))
        rules.synth(app, chosen)
        found[name] = json.loads((folder / "validation-report.json").read_text())["pluginReports"]
    return found


def _findings(report: list[Any], sort: str) -> list[tuple[str, str]]:
    return [(each["ruleName"], each["reason"]) for pack in report for each in pack[sort]]


@pytest.mark.parametrize("name", CHOICES)
def test_clean(reports: dict[str, Any], name: str) -> None:
    """With any settings, the stack keeps the rules of both packs, or breaks them for a documented reason."""
    report = reports[name]
    assert [pack["pluginName"] for pack in report] == ["AwsSolutions", "Serverless"]
    assert [each for pack in report for each in pack["violations"]] == []
    assert all(reason for _, reason in _findings(report, "suppressedViolations"))


def test_nothing_too_much(reports: dict[str, Any]) -> None:
    """Every reason is needed by some settings: none is left over from a fixed finding."""
    needed = {
        (rule.partition("[")[0], reason)
        for report in reports.values()
        for rule, reason in _findings(report, "suppressedViolations")
    }
    assert {(each.rule.partition("[")[0], each.reason) for each in rules.ACCEPTED} == needed


def test_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A stack that breaks a rule is not synthesized, and lint says which rule and where."""
    app = App(outdir=str(tmp_path))
    sqs.Queue(Stack(app, "Other"), "Open")
    with pytest.raises(SystemExit, match="breaks a rule"):
        rules.synth(app, configuration.read({}))
    assert lint.nag(tmp_path / "validation-report.json")
    assert "AwsSolutions-SQS4: Other/Open/Resource" in capsys.readouterr().out


def test_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a synth there is nothing to check, which is an error and not a success."""
    assert lint.main(tmp_path) == 1
    assert lint.nag(tmp_path / "validation-report.json")
    assert "./dev synth" in capsys.readouterr().err


def test_odd_nodes() -> None:
    """Three nodes need three zones, and a new network has two: that is reported before anything is created."""
    with pytest.raises(configuration.ConfigurationError, match="1 or even"):
        configuration.read({"vpc": "new", "opensearch_nodes": "3"})
    assert configuration.read({"vpc": "new", "opensearch_nodes": "4"}).opensearch_nodes == 4
