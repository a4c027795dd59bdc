"""The CDK app, which cdk.json starts: `python3 -m infra.app`."""

from __future__ import annotations

import os
import sys

from aws_cdk import App, Environment

from infra import configuration, rules
from infra.assets import Assets
from infra.stack import VectorlogStack
from vectorlog.runtime.aws import stack


def main() -> None:
    """Synthesizes the stack of the configured stage, unless it breaks a rule."""
    app = App()
    try:
        chosen = configuration.read(app.node.get_all_context())
    except configuration.ConfigurationError as error:
        sys.exit(str(error))
    assets = Assets(chosen.architecture, traces=bool(chosen.traces_to))
    VectorlogStack(app, stack.name_of(chosen.stage), configuration=chosen, assets=assets, env=_where(chosen))
    rules.synth(app, chosen)


def _where(chosen: configuration.Configuration) -> Environment | None:
    """The account and region of the CLI's credentials if an existing network must be looked up, else None."""
    if not chosen.vpc.startswith("vpc-"):
        return None
    return Environment(account=os.environ.get("CDK_DEFAULT_ACCOUNT"), region=os.environ.get("CDK_DEFAULT_REGION"))


if __name__ == "__main__":
    main()
