"""A deployed stack, found by its stage: its outputs say what the environment of its functions says."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from vectorlog.runtime.aws import clients
from vectorlog.runtime.aws.environment import Environment
from vectorlog.runtime.local.settings import variable

if TYPE_CHECKING:
    from botocore.client import BaseClient

LONGEST_RUN_MS = 900_000
"""Lambda's limit: a function that began before a deploy may run for so long after it."""


class NoStack(Exception):
    """The stage's stack cannot be used; the message says why and what to do."""


def name_of(stage: str) -> str:
    """The name of a stage's stack."""
    return f"Vectorlog-{stage}"


def output(field: str) -> str:
    """The output that holds a field of `Environment`: `events_table` is `EventsTable`, and so for each."""
    return "".join(word.capitalize() for word in field.split("_"))


def environment(stage: str) -> dict[str, str]:
    """The variables that the stack's outputs give; a field without an output keeps its default.

    Raises:
        NoStack: there is none, it lacks an output without which nothing works, or AWS does not let us look.
    """
    given = {each["OutputKey"]: each["OutputValue"] for each in _described(stage)[1].get("Outputs", ())}
    missing = [output(field) for field in Environment.needed() if not given.get(output(field))]
    if missing:
        raise NoStack(
            f"The stack {name_of(stage)} has no output {', '.join(missing)}. Deploy it with this version of "
            f"Vectorlog first."
        )
    return {variable(each.name): given.get(output(each.name), "") for each in fields(Environment)}


def settled_at(stage: str) -> int:
    """When every function that ran with an older configuration has ended: ms since 1970.

    Raises:
        NoStack: as `environment`, or the stack is being changed.
    """
    client, stack = _described(stage)
    status: str = stack["StackStatus"]
    if status.endswith("_IN_PROGRESS"):
        raise NoStack(
            f"The stack {name_of(stage)} is being changed ({status}). Wait until that is done, and repeat the command."
        )
    for page in client.get_paginator("describe_stack_events").paginate(StackName=stack["StackId"]):  # newest first
        for event in page["StackEvents"]:
            if event["PhysicalResourceId"] == stack["StackId"] and event["ResourceStatus"] == status:
                return int(event["Timestamp"].timestamp() * 1000) + LONGEST_RUN_MS
    raise NoStack(f"CloudFormation does not say when the stack {name_of(stage)} was last changed.")


def _described(stage: str) -> tuple[BaseClient, dict[str, Any]]:
    name = name_of(stage)
    try:
        client = clients.cloudformation()
        found: dict[str, Any] = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        said = error.response["Error"]
        if said["Code"] == "ValidationError" and "does not exist" in said["Message"]:
            where = client.meta.region_name
            raise NoStack(
                f"There is no stack {name} in {where}. Check --stage, and the region and account that AWS_* name."
            ) from None
        raise NoStack(f"AWS does not let us look at the stack {name}: {said['Message']} ({said['Code']})") from None
    except BotoCoreError as error:
        raise NoStack(clients.explain_connection_error(error)) from None
    return client, found
