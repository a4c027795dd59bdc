"""How new code comes to the functions that users wait for: at once, or to a tenth of the calls first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.configuration import Configuration

ALIAS = "live"
CANARY = codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_10_MINUTES
"""A tenth of the calls for ten minutes: two periods of the alarms that watch."""
GUARDS = {
    "api": ("errors-api", "faults"),
    "search": ("errors-search", "faults"),
    "embed": ("errors-embed", "files-failed-server"),
}
"""The alarms that take back a function's new version."""


class Rollout(Construct):
    """With `rollout=canary`, an alias for each function that users wait for: api, search, and embed.

    A deploy publishes a version of new code or settings. CodeDeploy has the alias send it a tenth of the calls, and all
    of them ten minutes later. If one of the function's alarms rings before that, it goes back to the version before,
    and CloudFormation takes back the whole deploy.

    With `rollout=all-at-once` there are no versions: what is called is the function itself.
    """

    def __init__(self, scope: Construct, id: str, *, configuration: Configuration) -> None:
        super().__init__(scope, id)
        self._canary = configuration.rollout == "canary"
        self._aliases: dict[str, lambda_.Alias] = {}
        self._application = (
            codedeploy.LambdaApplication(self, "Application", application_name=f"vectorlog-{configuration.stage}")
            if self._canary
            else None
        )

    def live(self, name: str, function: lambda_.Function) -> lambda_.IFunction:
        """What calls of a function have to go to: its alias, or the function. `name` is that of its handler."""
        if not self._canary:
            return function
        self._aliases[name] = lambda_.Alias(self, name.capitalize(), alias_name=ALIAS, version=function.current_version)
        return self._aliases[name]

    def guard(self, alarms: Mapping[str, Sequence[cloudwatch.IAlarm]]) -> None:
        """Says which alarms take back a new version, by the name of the function's handler.

        They must not depend on the alias: an alarm of the API would, because the API calls it.
        """
        for name, alias in self._aliases.items():
            codedeploy.LambdaDeploymentGroup(
                self,
                f"{name.capitalize()}Group",
                application=self._application,
                alias=alias,
                deployment_config=CANARY,
                alarms=list(alarms[name]),
                auto_rollback=codedeploy.AutoRollbackConfig(
                    failed_deployment=True, stopped_deployment=True, deployment_in_alarm=True
                ),
            )
