"""The check of the account before a deploy."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest

from infra import account
from tests.support import moto_aws

pytestmark = pytest.mark.infra
STACK = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with moto_aws.aws():
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        yield


def test_bootstrapped() -> None:
    """It reports the target of the deploy: the region that `AWS_REGION` names, as for the CDK."""
    boto3.client("cloudformation", region_name="eu-central-1").create_stack(StackName="CDKToolkit", TemplateBody=STACK)
    assert account.check() == "aws://123456789012/eu-central-1"


def test_not_bootstrapped() -> None:
    """The message gives the one command that is missing, with account and region."""
    boto3.client("cloudformation", region_name="us-east-1").create_stack(StackName="CDKToolkit", TemplateBody=STACK)
    with pytest.raises(account.NotReady, match=r"\./dev cdk bootstrap aws://123456789012/eu-central-1"):
        account.check()


def test_before_bootstrap() -> None:
    """The bootstrap command does not require a bootstrap."""
    assert account.check(bootstrapped=False) == "aws://123456789012/eu-central-1"


def test_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a region it says which variable to set."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(account.NotReady, match="Set AWS_REGION"):
        account.check()
