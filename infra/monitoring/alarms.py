"""The alarms, and the topic that they notify."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.configuration import Configuration
from infra.monitoring.alarm_list import alarm_specs
from infra.monitoring.alarm_spec import AlarmSpec
from infra.monitoring.watched import Watched

_KEY_DAYS = 7
"""Days until a deleted key is gone: KMS's minimum. The key protects messages in transit only."""


class Alarms(Construct):
    """An alarm for each `AlarmSpec`, and one topic that is notified when an alarm begins and ends.

    CloudWatch may not use SNS's own key, so the topic needs a key that we create. It costs $1 a month, and each metric
    of an alarm $0.10.

    Attributes:
        topic: more subscribers than the configured e-mail address can be added to it.
        by_name: the alarms.
    """

    def __init__(self, scope: Construct, id: str, *, configuration: Configuration, watched: Watched) -> None:
        super().__init__(scope, id)
        self.topic = sns.Topic(
            self, "Topic", display_name=f"Vectorlog {configuration.stage}", master_key=self._key(), enforce_ssl=True
        )
        self.topic.add_to_resource_policy(self._allowed("sns:Publish", on=self.topic.topic_arn))
        if configuration.alarm_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(configuration.alarm_email))
        self.by_name = {spec.name: self._alarm(spec, configuration.stage) for spec in alarm_specs(watched)}

    def of(self, *names: str) -> list[cloudwatch.IAlarm]:
        """The alarms of these names."""
        return [self.by_name[name] for name in names]

    def _key(self) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            description="Alarms on their way from CloudWatch to the topic's subscribers",
            enable_key_rotation=True,
            pending_window=Duration.days(_KEY_DAYS),
            removal_policy=RemovalPolicy.DESTROY,
        )
        key.add_to_resource_policy(self._allowed("kms:Decrypt", "kms:GenerateDataKey*", on="*"))
        return key

    def _allowed(self, *do: str, on: str) -> iam.PolicyStatement:
        """To CloudWatch, for alarms of this account."""
        ours = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
        watching = iam.ServicePrincipal("cloudwatch.amazonaws.com")
        return iam.PolicyStatement(principals=[watching], actions=list(do), resources=[on], conditions=ours)

    def _alarm(self, spec: AlarmSpec, stage: str) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            "".join(part.capitalize() for part in spec.name.split("-")),
            alarm_name=f"vectorlog-{stage}-{spec.name}",
            alarm_description=spec.description,
            metric=spec.metric,
            threshold=spec.threshold,
            comparison_operator=spec.comparison,
            evaluation_periods=spec.periods,
            treat_missing_data=spec.missing,
        )
        action = actions.SnsAction(self.topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
        return alarm
