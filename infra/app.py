"""The CDK's app: `python3 -m infra.app`, as cdk.json says."""

from __future__ import annotations

from aws_cdk import App

from infra import configuration, rules
from infra.assets import Assets
from infra.stack import VectorlogStack
from vectorlog.runtime import aws_stack


def main() -> None:
    """Synthesizes the stack of the configured stage, unless it breaks a rule."""
    app = App()
    chosen = configuration.read(app.node.get_all_context())
    VectorlogStack(app, aws_stack.name_of(chosen.stage), configuration=chosen, assets=Assets(chosen.architecture))
    rules.synth(app)


if __name__ == "__main__":
    main()
