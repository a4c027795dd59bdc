"""What others are told with: the key of webhooks' secrets, and the event bus."""

from __future__ import annotations

from aws_cdk import aws_events as events
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.configuration import Configuration
from infra.retention import removal_policy

KEY_CHARS = 64
"""Of letters and digits: 380 random bits."""


class Outgoing(Construct):
    """The secret with the key from which the secrets of webhook endpoints are derived, which Secrets Manager makes, and
    the event bus, if the configuration asks for one.

    If the secret is lost, all endpoints have other secrets, and are disabled until they are rotated; so it is kept like
    the log.

    Attributes:
        secret_arn: where the key is.
        bus: the bus; None without one.
    """

    def __init__(self, scope: Construct, id: str, *, configuration: Configuration) -> None:
        super().__init__(scope, id)
        secret = secretsmanager.CfnSecret(
            self,
            "WebhookKey",
            description=f"Vectorlog {configuration.stage}: the key of the webhooks' secrets",
            generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
                password_length=KEY_CHARS, exclude_punctuation=True
            ),
        )
        secret.apply_removal_policy(removal_policy(configuration))
        self.secret_arn = secret.ref
        self.bus: events.EventBus | None = None
        if configuration.event_bus:
            self.bus = events.EventBus(
                self, "Bus", description=f"Vectorlog {configuration.stage}: what happens to files and stores"
            )
