"""Prepares the stack's synthesized template for `sam local`."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.sam.engine import Architecture

LOCAL_NAME = "local.json"
HANDLER = "handlers.{}.handler"


class WrongTemplate(Exception):
    """A template is missing, or its functions cannot run here; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Template:
    """A stack for local use.

    Attributes:
        path: of the template, beside the assets that it names.
        functions: logical id by handler module, such as `dead_letters`.
        runtime: of these functions, such as `python3.13`.
    """

    path: Path
    functions: Mapping[str, str]
    runtime: str


def prepare(folder: Path, architecture: Architecture, declared: Collection[str], handlers: Collection[str]) -> Template:
    """Writes a copy of the one stack's template that `sam local` reads as AWS reads the original, with two changes.

    `sam local` gives a function only those variables of `--env-vars` that the template declares. So a variable that the
    stack forgot is missing here as on AWS, and only those that local servers need are added. It also ignores
    `BinaryMediaTypes` of an API that is made of methods; each type is added to one of the methods.

    Args:
        folder: output of `cdk synth`.
        architecture: of the containers here.
        declared: names to add.
        handlers: modules of the functions that must exist.

    Raises:
        WrongTemplate: there is not exactly one stack, or one of these functions is missing or has another architecture.
    """
    found = [path for path in sorted(folder.glob("*.template.json")) if path.name != LOCAL_NAME]
    if len(found) != 1:
        raise WrongTemplate(f"{folder} holds {len(found)} templates of stacks, not one. ./dev synth makes it.")
    template = json.loads(found[0].read_text())
    functions: dict[str, str] = {}
    runtimes: set[str] = set()
    for logical_id, resource in template["Resources"].items():
        handler = _handler(resource)
        if handler is None:
            continue
        properties = resource["Properties"]
        of = properties.get("Architectures", ["x86_64"])  # Lambda's default
        if of != [architecture]:
            remedy = f"./dev synth -c architecture={architecture}"
            raise WrongTemplate(
                f"{logical_id} is synthesized for {', '.join(of)}, this machine is {architecture}: {remedy}"
            )
        variables = properties.setdefault("Environment", {}).setdefault("Variables", {})
        variables.update({name: variables.get(name, "") for name in declared})
        functions[handler] = logical_id
        runtimes.add(properties["Runtime"])
    if missing := set(handlers) - functions.keys():
        raise WrongTemplate(f"{found[0].name} has no function for {', '.join(sorted(missing))}.")
    _tell_binary_types(template["Resources"])
    path = folder / LOCAL_NAME
    path.write_text(json.dumps(template))
    (runtime,) = runtimes
    return Template(path, functions, runtime)


def _tell_binary_types(resources: Mapping[str, Any]) -> None:
    """Adds what `sam` needs to know about bodies: otherwise it takes them for UTF-8 and sends answers in base64. Its
    `CfnApiProvider` reads only these two properties.
    """
    apis = (each["Properties"] for each in resources.values() if each["Type"] == "AWS::ApiGateway::RestApi")
    methods = (
        each["Properties"]["Integration"] for each in resources.values() if each["Type"] == "AWS::ApiGateway::Method"
    )
    types = (binary for api in apis for binary in api.get("BinaryMediaTypes", ()))
    for integration, binary in zip(methods, types, strict=False):
        integration.update({"ContentHandling": "CONVERT_TO_BINARY", "ContentType": binary})


def _handler(resource: Mapping[str, Any]) -> str | None:
    """The module of one of our functions, or None for other functions."""
    if resource["Type"] != "AWS::Lambda::Function":
        return None
    before, after = HANDLER.split("{}")
    handler = str(resource["Properties"].get("Handler", ""))
    return (
        handler.removeprefix(before).removesuffix(after)
        if handler.startswith(before) and handler.endswith(after)
        else None
    )
