"""Finds a deployed stack by its stage. Its outputs have the values of its functions' environment variables."""

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
"""Lambda's limit, and so how long a function that started before a deploy may still run after it."""


class NoStack(Exception):
    """The stage's stack cannot be used. The message says why, and what to do."""


def name_of(stage: str) -> str:
    """Returns the name of a stage's stack."""
    return f"Vectorlog-{stage}"


def output(field: str) -> str:
    """Returns the name of the output that holds a field of `Environment`: `EventsTable` for `events_table`."""
    return "".join(word.capitalize() for word in field.split("_"))


def environment(stage: str) -> dict[str, str]:
    """Returns the environment variables that the stack's outputs define. A field without an output keeps its default.

    Raises:
        NoStack: the stack does not exist, it lacks a required output, or AWS does not let us read it.
    """
    outputs = {each["OutputKey"]: each["OutputValue"] for each in _described(stage)[1].get("Outputs", ())}
    missing = [output(field) for field in Environment.needed() if not outputs.get(output(field))]
    if missing:
        raise NoStack(
            f"The stack {name_of(stage)} has no output {', '.join(missing)}. Deploy it with this version of "
            f"Vectorlog first."
        )
    return {variable(each.name): outputs.get(output(each.name), "") for each in fields(Environment)}


def old_functions_end_at(stage: str) -> int:
    """Returns the time, in ms since 1970, from which no function with an older configuration runs any more.

    Raises:
        NoStack: as for `environment`, or the stack is being changed.
    """
    client, stack = _described(stage)
    status: str = stack["StackStatus"]
    if status.endswith("_IN_PROGRESS"):
        raise NoStack(
            f"The stack {name_of(stage)} is being changed ({status}). Wait until it is done, and repeat the command."
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
        stack: dict[str, Any] = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        details = error.response["Error"]
        if details["Code"] == "ValidationError" and "does not exist" in details["Message"]:
            where = client.meta.region_name
            raise NoStack(
                f"There is no stack {name} in {where}. Check --stage, and the region and account that AWS_* name."
            ) from None
        raise NoStack(f"The stack {name} cannot be read: {details['Message']} ({details['Code']})") from None
    except BotoCoreError as error:
        raise NoStack(clients.explain_connection_error(error)) from None
    return client, stack
