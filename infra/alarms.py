"""Alarms, and the topic that they tell."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.alarm_list import rings
from infra.configuration import Configuration
from infra.ring import Ring
from infra.watched import Watched

GUIDE = 'docs/deploying.md, "When an alarm rings"'
_KEY_DAYS = 7
"""Before a deleted key is gone: the least that KMS takes. It protects messages on their way alone."""


class Alarms(Construct):
    """An alarm for each `Ring`, and one topic that hears when it begins and when it is over.

    CloudWatch may not use SNS's own key, so the topic has one of its own: $1 a month, beside $0.10 for each metric that an alarm looks at.

    Attributes:
        topic: where more subscribers than the configured e-mail may be added.
        by_name: the alarms.
    """

    def __init__(self, scope: Construct, id: str, *, configuration: Configuration, watched: Watched) -> None:
        super().__init__(scope, id)
        self.topic = sns.Topic(self, "Topic", display_name=f"Vectorlog {configuration.stage}", master_key=self._key(), enforce_ssl=True)
        self.topic.add_to_resource_policy(self._allowed("sns:Publish", on=self.topic.topic_arn))
        if configuration.alarm_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(configuration.alarm_email))
        self.by_name = {ring.name: self._alarm(ring, configuration.stage) for ring in rings(watched)}

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

    def _alarm(self, ring: Ring, stage: str) -> cloudwatch.Alarm:
        below, above = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD, cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
        alarm = cloudwatch.Alarm(
            self,
            "".join(part.capitalize() for part in ring.name.split("-")),
            alarm_name=f"vectorlog-{stage}-{ring.name}",
            alarm_description=f"{ring.says} {ring.do} See {GUIDE}.",
            metric=ring.metric,
            threshold=ring.least,
            comparison_operator=below if ring.most else above,
            evaluation_periods=ring.periods,
            treat_missing_data=ring.missing,
        )
        action = actions.SnsAction(self.topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
        return alarm
