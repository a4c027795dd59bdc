"""What others are told with: the outbox, the key of webhooks' secrets, and the event bus."""

from __future__ import annotations

from typing import Final

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra import tables
from infra.configuration import Configuration
from infra.retention import removal_policy

KEY_CHARS = 64
"""Of letters and digits: 380 random bits."""
TELLING: Final = ("deliver_queue", "outbox_table", "event_bus")
"""Fields of `Environment` for functions that put what others are told into the outbox."""
SIGNING: Final = ("webhook_secret", "webhook_allow_private")
"""Fields of `Environment` for functions that send webhooks."""


class Outgoing(Construct):
    """The outbox's table; a secret, which Secrets Manager makes, with the key from which those of webhook endpoints are
    derived; and the event bus, if the configuration asks for one.

    If the secret is lost, all endpoints have other secrets, and are disabled until they are rotated; so it is kept like
    the log.

    Args:
        scope: parent construct.
        id: name below the parent.
        configuration: says whether there is a bus.
        queue: of what is to be sent.
        views: the table that lists the endpoints.

    Attributes:
        table: the outbox.
        values: values by field of `Environment`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        configuration: Configuration,
        queue: sqs.IQueue,
        views: dynamodb.ITable,
    ) -> None:
        super().__init__(scope, id)
        self._queue = queue
        self._views = views
        self.table = tables.outbox(self, "Table", configuration=configuration)
        secret = secretsmanager.CfnSecret(
            self,
            "WebhookKey",
            description=f"Vectorlog {configuration.stage}: the key of the webhooks' secrets",
            generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
                password_length=KEY_CHARS, exclude_punctuation=True
            ),
        )
        secret.apply_removal_policy(removal_policy(configuration))
        self._secret_arn = secret.ref
        self._bus: events.EventBus | None = None
        if configuration.event_bus:
            self._bus = events.EventBus(
                self, "Bus", description=f"Vectorlog {configuration.stage}: what happens to files and stores"
            )
        self.values = {
            "deliver_queue": queue.queue_url,
            "outbox_table": self.table.table_name,
            "webhook_secret": self._secret_arn,
            "webhook_allow_private": str(configuration.webhook_allow_private)
            if configuration.webhook_allow_private
            else "",
            "event_bus": self._bus.event_bus_name if self._bus is not None else "",
        }

    def announce(self, function: lambda_.Function) -> None:
        """Lets a function list the webhook endpoints, put events into the outbox, and have them sent."""
        _allow(function, ["dynamodb:Query"], self._views.table_arn)
        _allow(function, ["dynamodb:Query", "dynamodb:UpdateItem"], self.table.table_arn)
        _allow(function, ["sqs:SendMessage"], self._queue.queue_arn)

    def deliver(self, function: lambda_.Function) -> None:
        """Lets a function read, change and remove what waits in the outbox, sign and send it, and put it off."""
        actions = ["dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]
        _allow(function, actions, self.table.table_arn)
        _allow(function, ["sqs:SendMessage", "sqs:ChangeMessageVisibility"], self._queue.queue_arn)
        self.sign(function)
        if self._bus is not None:
            _allow(function, ["events:PutEvents"], self._bus.event_bus_arn)

    def sign(self, function: lambda_.Function) -> None:
        """Lets a function read the key of the webhooks' secrets."""
        _allow(function, ["secretsmanager:GetSecretValue"], self._secret_arn)


def _allow(function: lambda_.Function, actions: list[str], resource: str) -> None:
    function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
