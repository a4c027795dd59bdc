"""Operators' commands on a deployed stack."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import click
import pytest
from click.testing import CliRunner, Result

from tests.runtime.aws.test_stack import deploy
from tests.support import moto_aws
from vectorlog.cli import deployments, keys, verify
from vectorlog.domain import api_key
from vectorlog.runtime.aws import clients, once, tables
from vectorlog.runtime.aws.stack import output

Run = Callable[..., Result]


@pytest.fixture
def run() -> Iterator[Run]:
    """Runs a command on an existing deployment."""
    with moto_aws.aws(), pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("VECTORLOG_")]:
            patch.delenv(name)
        before = dict(os.environ)
        for table in (tables.events("events-1"), tables.views("views-1")):
            moto_aws.dynamodb().create_table(**table)
        names = {
            "events_table": "events-1",
            "views_table": "views-1",
            "bucket": "b",
            "opensearch_endpoint": "https://search.example",
        }
        names |= {
            queue: moto_aws.sqs().create_queue(QueueName=queue)["QueueUrl"]
            for queue in ("work_queue", "embed_queue", "erase_queue")
        }
        deploy("prod", {output(field): value for field, value in names.items()})
        yield lambda command, *arguments: CliRunner().invoke(command, arguments)
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
    once.forget()


@pytest.mark.long
def test_keys(run: Run) -> None:
    """A key is created in the stage's own tables, shown once, listed and revoked."""
    made = run(keys.command, "create", "--stage", "prod", "--project", "acme")
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    assert secret.startswith(api_key.SECRET_PREFIX)
    key = api_key.id_of(secret)
    assert moto_aws.dynamodb().query(
        TableName="events-1", KeyConditionExpression="pk = :k", ExpressionAttributeValues={":k": {"S": key}}
    )["Items"]
    assert f"{key}  active" in run(keys.command, "list", "--stage", "prod").stdout
    assert run(keys.command, "revoke", "--stage", "prod", key).exit_code == 0
    assert f"{key}  revoked" in run(keys.command, "list", "--stage", "prod").stdout


def test_key_that_nobody_sees(run: Run) -> None:
    """With a secret the key is not shown, but its secret's ARN is. A second key replaces the secret's value."""
    for _ in range(2):
        made = run(keys.command, "create", "--stage", "prod", "--project", "acme", "--secret", "vectorlog/first")
        assert made.exit_code == 0, made.output
        found = clients.secrets_manager().get_secret_value(SecretId="vectorlog/first")
        assert made.stdout.strip() == found["ARN"]
        assert found["SecretString"] not in made.output
        assert f"{api_key.id_of(found['SecretString'])}  active" in run(keys.command, "list", "--stage", "prod").stdout


def test_key_that_nobody_knows(run: Run) -> None:
    """If the secret cannot be written, no key is left that would open anything."""
    made = run(keys.command, "create", "--stage", "prod", "--project", "acme", "--secret", "")
    assert made.exit_code == 1
    assert "cannot be written" in made.output
    assert api_key.SECRET_PREFIX not in made.output
    assert "active" not in run(keys.command, "list", "--stage", "prod").stdout


def test_without_the_libraries(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With only the local edition installed, the error says what a deployment needs."""
    monkeypatch.setattr(deployments, "find_spec", lambda name: None if name == "boto3" else name)
    for chosen in (["--stage", "prod"], ["--edition", "aws"]):
        answer = run(verify.command, *chosen)
        assert answer.exit_code == 1
        assert "needs boto3: pip install boto3\n" in answer.output


@pytest.mark.parametrize(
    ("command", "arguments", "says"),
    [
        (verify.command, ["--stage", "typo"], "There is no stack Vectorlog-typo"),
        (verify.command, ["--stage", "prod", "--edition", "local"], "Give one of them"),
        (verify.command, ["--edition", "aws"], "not set: VECTORLOG_EVENTS_TABLE, VECTORLOG_VIEWS_TABLE"),
        (keys.command, ["create", "--project", "acme", "--secret", "x"], "give --stage too"),
    ],
)
def test_refused(run: Run, command: click.Command, arguments: list[str], says: str) -> None:
    """Invalid arguments and missing things are one-line errors."""
    answer = run(command, *arguments)
    assert answer.exit_code in (1, 2)
    assert says in " ".join(answer.output.split())
    assert "Traceback" not in answer.output
