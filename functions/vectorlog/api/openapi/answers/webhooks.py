"""Webhook endpoints."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from vectorlog.api.openapi.answers.answer import Answer, Seconds
from vectorlog.domain.outgoing_event import OutgoingType
from vectorlog.domain.webhook_endpoint import DisabledBecause


class WebhookEndpoint(Answer):
    """A webhook endpoint, without its secret."""

    id: str
    object: Literal["webhook_endpoint"]
    created_at: Seconds
    updated_at: Seconds
    """When its settings or its secret last changed."""
    name: str
    url: str
    """Where events are sent."""
    event_types: list[OutgoingType]
    """What is sent."""
    signing_secret_hint: str
    """The end of the secret, to recognise it by."""
    status: Literal["enabled", "disabled"]
    """Nothing is sent to a disabled endpoint. A change enables it again."""
    disabled_at: Seconds | None
    """Null if it is enabled."""
    disabled_reason: DisabledBecause | None
    """`failing`: no event was taken for three days. `gone`: it answered 410. `key_lost`: the deployment has another key
    than the one of the secret. `imported`: an export has no secrets. Null if it is enabled.
    """


class WebhookEndpointWithSecret(WebhookEndpoint):
    """A webhook endpoint with its new secret."""

    signing_secret: str
    """The secret. It is shown only now."""


class DeletedWebhookEndpoint(Answer):
    """A webhook endpoint was deleted."""

    id: str
    object: Literal["webhook_endpoint.deleted"]
    deleted: Literal[True]


class WebhookTest(Answer):
    """A sample event was sent."""

    object: Literal["webhook_endpoint.test"]
    webhook_endpoint_id: str
    """The endpoint."""
    event_type: OutgoingType
    """What was sent."""
    status_code: Annotated[int, Field(ge=100, le=999)]
    """What the endpoint answered."""
    success: Literal[True]
    """That there was an answer; `status_code` says which."""


class WebhookEventTypes(Answer):
    """The types of events."""

    object: Literal["list"]
    data: list[OutgoingType]
    """The types."""
