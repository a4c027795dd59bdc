"""Logs and counts what became of events that were sent to others. No line has an endpoint's URL or a secret."""

from __future__ import annotations

import logging

from vectorlog.telemetry.metrics import DISABLED_WEBHOOKS, WEBHOOKS, Metrics

log = logging.getLogger(__name__)

BUS = "bus"
"""The receiver that is the deployment's event bus; any other is a webhook endpoint."""


def delivered(metrics: Metrics, receiver: str, number: int) -> None:
    """Counts events that a receiver has taken; logs nothing."""
    metrics.count(WEBHOOKS, number, receiver=_kind(receiver), outcome="delivered")


def failed(
    metrics: Metrics, receiver: str, project: str, store: str, event_id: str, reason: str, attempt: int, wait_ms: int
) -> None:
    """Reports that an event was not delivered, and will be tried again after `wait_ms`.

    Args:
        metrics: where it is counted.
        receiver: an endpoint's id, or `BUS`.
        project: whose event it is; "" if the message does not say.
        store: where it happened.
        event_id: of the event.
        reason: in our words.
        attempt: how many tries have failed in a row.
        wait_ms: see above.
    """
    fields = {"event": "webhook_failed", "endpoint": receiver, "project": project, "store": store}
    tried = {"event_id": event_id, "reason": reason, "attempt": attempt, "wait_ms": wait_ms}
    log.warning("an event was not delivered to %s: %s", receiver, reason, extra=fields | tried)
    metrics.count(WEBHOOKS, receiver=_kind(receiver), outcome="failed")


def disabled(metrics: Metrics, endpoint: str, project: str, reason: str) -> None:
    """Reports that an endpoint is disabled, so that its project's events are not sent to it any more."""
    fields = {"event": "webhook_disabled", "endpoint": endpoint, "project": project, "reason": reason}
    log.error("webhook endpoint %s is disabled: %s", endpoint, reason, extra=fields)
    metrics.count(DISABLED_WEBHOOKS)


def _kind(receiver: str) -> str:
    return BUS if receiver == BUS else "endpoint"
