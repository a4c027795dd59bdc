"""The stack that says what a local deployment owns, so that commands find it by `--stage`, as they do on AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields

from local_aws.servers import Servers
from vectorlog.runtime.aws.environment import Environment
from vectorlog.runtime.aws.stack import name_of, output
from vectorlog.runtime.local.settings import variable


@contextmanager
def deployed(servers: Servers, stage: str, given: Mapping[str, str]) -> Iterator[None]:
    """Has a stack of this stage until the block ends, whose outputs are those of the variables in `given` that are an
    `Environment`.

    moto serves CloudFormation; a stack needs a resource, so this one has a topic that nothing uses.
    """
    named = {output(each.name): given.get(variable(each.name), "") for each in fields(Environment)}
    template = {
        "Resources": {"Unused": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": value} for name, value in named.items() if value},
    }
    client = servers.client("cloudformation")
    client.create_stack(StackName=name_of(stage), TemplateBody=json.dumps(template))
    try:
        yield
    finally:
        client.delete_stack(StackName=name_of(stage))
