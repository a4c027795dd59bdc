"""The stack, synthesized once for all tests, with handlers alone in its assets: jsii takes seconds to start."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FLAGS = {name: value for name, value in json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"].items() if "/" in name}
"""The CDK's own flags, as `./dev synth` sets them."""

Synthesize = Callable[..., "Synthesized"]


class Synthesized:
    """A stack's template, and the construct that it came from."""

    def __init__(self, **context: str) -> None:
        from aws_cdk import App
        from aws_cdk.assertions import Template

        from infra import configuration
        from infra.assets import Assets
        from infra.stack import VectorlogStack

        self.configuration = configuration.read(context)
        self.app = App(context=FLAGS)
        self.stack = VectorlogStack(
            self.app, f"Vectorlog-{self.configuration.stage}", configuration=self.configuration, assets=Assets("arm64", bundling=False)
        )
        self.template = Template.from_stack(self.stack)
        self.json: dict[str, Any] = dict(self.template.to_json())

    def of(self, kind: str) -> dict[str, Any]:
        """The resources of a type, such as `AWS::SQS::Queue`, by their logical ids."""
        return {name: each for name, each in self.json["Resources"].items() if each["Type"] == kind}


@pytest.fixture(scope="session")
def synthesize() -> Synthesize:
    """Makes the stack with other choices than the default; a second each."""
    return Synthesized


@pytest.fixture(scope="session")
def stack() -> Synthesized:
    """The stack as it is by default."""
    return Synthesized()
