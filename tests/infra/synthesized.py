"""A stack's template in the form that tests read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aws_cdk import App
from aws_cdk.assertions import Template

from infra import configuration
from infra.assets import Assets
from infra.stack import VectorlogStack
from vectorlog.runtime.aws import stack

FLAGS = {
    name: value
    for name, value in json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"].items()
    if "/" in name
}
"""The CDK's own flags, as `./dev synth` sets them."""


class Synthesized:
    """A stack and its template; `context` holds settings as `-c` would. Its assets hold only the handlers."""

    def __init__(self, **context: str) -> None:
        self.configuration = configuration.read(context)
        self.app = App(context=FLAGS)
        name = stack.name_of(self.configuration.stage)
        self.stack = VectorlogStack(
            self.app, name, configuration=self.configuration, assets=Assets("arm64", bundling=False)
        )
        self.template = Template.from_stack(self.stack)
        self.json: dict[str, Any] = dict(self.template.to_json())

    def of(self, kind: str) -> dict[str, Any]:
        """The resources of a type, such as `AWS::SQS::Queue`, by their logical ids."""
        return {name: each for name, each in self.json["Resources"].items() if each["Type"] == kind}

    def function(self, handler: str) -> dict[str, Any]:
        """A function, by its handler module."""
        name = self.function_id(handler)
        found: dict[str, Any] = self.json["Resources"][name]
        return found

    def function_id(self, handler: str) -> str:
        """The function's logical id."""
        (name,) = [
            name
            for name, each in self.of("AWS::Lambda::Function").items()
            if each["Properties"]["Handler"] == f"handlers.{handler}.handler"
        ]
        return name

    def environment(self, handler: str) -> dict[str, Any]:
        """The function's environment variables."""
        return dict(self.function(handler)["Properties"]["Environment"]["Variables"])


Synthesize = Callable[..., Synthesized]
