"""A deployed stack, found by its stage."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, fields

import pytest

from tests.support import moto_aws
from vectorlog.runtime.aws import clients
from vectorlog.runtime.aws.environment import Environment
from vectorlog.runtime.aws.stack import LONGEST_RUN_MS, NoStack, environment, old_functions_end_at, output

OUTPUTS = {output(field): f"the {field}" for field in Environment.needed()}


def deploy(stage: str, outputs: dict[str, str]) -> None:
    """A stack with these outputs, as CloudFormation reports it."""
    template = {
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    clients.cloudformation().create_stack(StackName=f"Vectorlog-{stage}", TemplateBody=json.dumps(template))


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    with moto_aws.aws():
        yield


def test_outputs_are_the_environment() -> None:
    """An operator's command uses the same resources as the functions; outputs that the stack lacks count as not set."""
    deploy("prod", {**OUTPUTS, "Models": "openai:text-embedding-3-small"})
    deploy("test", {})
    found = environment("prod")
    assert found.keys() == {f"VECTORLOG_{each.name.upper()}" for each in fields(Environment)}
    read = asdict(Environment.from_environment(found))
    assert read == {
        **asdict(Environment()),
        **{field: f"the {field}" for field in Environment.needed()},
        "models": "openai:text-embedding-3-small",
    }


def test_names() -> None:
    """Outputs are named after the fields; the stack's own tests use the same function."""
    assert [output(name) for name in ("events_table", "bucket", "opensearch_endpoint")] == [
        "EventsTable",
        "Bucket",
        "OpensearchEndpoint",
    ]


def test_no_stack() -> None:
    """The message names the stack, the region, and what to check."""
    with pytest.raises(NoStack, match=r"no stack Vectorlog-prod in us-east-1\. Check --stage"):
        environment("prod")


def test_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """`AWS_REGION` counts, as for AWS's own command line and the CDK, and takes precedence over
    `AWS_DEFAULT_REGION`.
    """
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    with pytest.raises(NoStack, match=r"no stack Vectorlog-prod in eu-central-1"):
        environment("prod")


def test_old_stack() -> None:
    """A stack without an output is named with what it lacks."""
    deploy("prod", {name: value for name, value in OUTPUTS.items() if name != "EmbedQueue"})
    with pytest.raises(NoStack, match="Vectorlog-prod has no output EmbedQueue"):
        environment("prod")


@pytest.mark.parametrize(
    ("without", "says"),
    [
        (("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "no AWS credentials"),
        (("AWS_REGION", "AWS_DEFAULT_REGION"), "no AWS region"),
    ],
)
def test_not_logged_in(monkeypatch: pytest.MonkeyPatch, without: tuple[str, ...], says: str) -> None:
    """Settings that are missing before AWS can be called are named."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in without:
        monkeypatch.delenv(name)
    with pytest.raises(NoStack, match=says):
        environment("prod")


@pytest.mark.long
def test_when_old_functions_have_ended() -> None:
    """A function that began before a deploy has ended after the longest time that Lambda allows."""
    deploy("prod", OUTPUTS)
    created = (
        clients.cloudformation().describe_stacks(StackName="Vectorlog-prod")["Stacks"][0]["CreationTime"].timestamp()
        * 1000
    )
    assert old_functions_end_at("prod") == pytest.approx(created + LONGEST_RUN_MS, abs=5_000)
