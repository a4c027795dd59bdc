"""`./dev account-test`: deploys a stage to the account of your credentials, tests it, and destroys it.

**It was never run**: nobody who wrote it had an account. Its steps are tested with commands that do nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from vectorlog.runtime.aws import clients
from vectorlog.runtime.aws.secrets import api_key
from vectorlog.runtime.aws.stack import name_of

ROOT = Path(__file__).parents[1]
STAGE = "account-test"
WARNING = f"""This deploys {name_of(STAGE)} to your account, runs the clients' tests and a measure of recall on it, and
destroys it: about an hour, and a few dollars. It was never run on AWS by those who wrote it. If it is stopped halfway,
look whether the stack is still there:
./dev cdk destroy {name_of(STAGE)} -c stage={STAGE} -c removal=destroy"""

Run: TypeAlias = Callable[[Sequence[str], Mapping[str, str]], int]
"""Runs a command with these variables besides the process's own; returns its exit status."""
Outputs: TypeAlias = Callable[[], Mapping[str, str] | None]
"""Returns the outputs of the stage's stack; None if there is none."""


def try_out(settings: Sequence[str], run: Run, outputs: Outputs, secret: Callable[[str], str]) -> int:
    """Deploys, tests and destroys; returns an exit status, which is that of the first step that failed.

    Args:
        settings: more arguments of the CDK, such as `-c opensearch_vectors=disk`.
        run: runs a command.
        outputs: looks the stack up.
        secret: returns the text of a secret.
    """
    if outputs() is not None:
        sys.stderr.write(
            f"There is a stack {name_of(STAGE)} already. Destroy it first; this would destroy it at the end.\n"
        )
        return 1
    chosen = ["-c", f"stage={STAGE}", "-c", "removal=destroy", *settings]
    status = 1
    try:
        status = run(["./dev", "cdk", "deploy", "--require-approval", "never", *chosen], {})
        if status == 0:
            made = outputs() or {}
            server = {
                "VECTORLOG_TEST_EDITION": "aws",
                "VECTORLOG_TEST_URL": made["Url"],
                "VECTORLOG_TEST_KEY": secret(made["FirstKeySecret"]),
            }
            tests = [sys.executable, "-m", "pytest", "-q"]
            status = run([*tests, "tests/account", "-s"], server)
            status = run([*tests, "tests/clients"], server) or status
    finally:
        destroyed = run(["./dev", "cdk", "destroy", "--force", name_of(STAGE), *chosen], {})
    if destroyed:
        sys.stderr.write(
            f"{name_of(STAGE)} could not be destroyed, and costs money. Look at CloudFormation's console.\n"
        )
    return status or destroyed


def _run(command: Sequence[str], variables: Mapping[str, str]) -> int:
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}, check=False).returncode


def _outputs() -> Mapping[str, str] | None:
    client = clients.cloudformation()
    try:
        [stack] = client.describe_stacks(StackName=name_of(STAGE))["Stacks"]
    except client.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}


def main(arguments: Sequence[str]) -> int:
    """Says what it will do, and does it."""
    sys.stderr.write(WARNING + "\n")
    return try_out(arguments, _run, _outputs, lambda name: api_key(clients.secrets_manager(), name))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
