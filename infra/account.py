"""Checks that the account can be deployed to, before a CDK command: `python3 -m infra.account COMMAND`."""

from __future__ import annotations

import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from vectorlog.runtime.aws.clients import explain_connection_error, region

_QUICK = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})


class NotReady(Exception):
    """The message says what to do."""


def check(*, bootstrapped: bool = True) -> str:
    """The account and region, in the form `aws://account/region`.

    Raises:
        NotReady: there are no credentials or no region, or `bootstrapped` is required and the CDK was never used there.
    """
    try:
        session = boto3.Session(region_name=region())
        account = session.client("sts", config=_QUICK).get_caller_identity()["Account"]
        environment = f"aws://{account}/{session.region_name}"
        if bootstrapped:
            session.client("cloudformation", config=_QUICK).describe_stacks(StackName="CDKToolkit")
    except ClientError as error:
        said = error.response["Error"]
        if said["Code"] == "ValidationError" and "does not exist" in said["Message"]:
            raise NotReady(
                f"The CDK was never used in {environment}. Once per account and region: ./dev cdk bootstrap "
                f"{environment}"
            ) from None
        raise NotReady(f"AWS refuses: {said['Message']} ({said['Code']})") from None
    except BotoCoreError as error:
        raise NotReady(explain_connection_error(error)) from None
    return environment


def main(command: str) -> int:
    """Prints the target of the command, or why it cannot run."""
    try:
        print(f"{command}: {check(bootstrapped=command != 'bootstrap')}", file=sys.stderr)
    except NotReady as reason:
        print(f"dev: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
