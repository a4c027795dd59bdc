"""Builds what AWS functions need to tell others: the outbox, the sender of webhooks, and the event bus."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from vectorlog.runtime.aws import clients

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vectorlog.runtime.aws.environment import Environment
    from vectorlog.webhooks.bus import EventBus
    from vectorlog.webhooks.https import HttpsSender
    from vectorlog.webhooks.outbox import Outbox
    from vectorlog.webhooks.webhooks import Webhooks
    from vectorlog.work.telling import SendSample


def webhooks(settings: Environment) -> Webhooks | None:
    """Returns what is needed to send webhooks; None for a function that has no business with them. The key is read when
    it is first needed.
    """
    if not settings.webhook_secret:
        return None
    from vectorlog.webhooks.webhooks import Elsewhere, Webhooks

    private = settings.webhook_allow_private == str(True)

    @cache
    def key() -> bytes:
        from vectorlog.runtime.aws.secrets import api_key

        return api_key(clients.secrets_manager(), settings.webhook_secret).encode()

    def send(message: SendSample) -> None:
        from vectorlog.runtime.aws.workers import deliver_queue
        from vectorlog.work.messages import outgoing

        deliver_queue().send([outgoing(message, message.receiver)])

    return Webhooks(key, _Sender(private), private, Elsewhere(send) if settings.deliver_queue else None)


def outbox(settings: Environment, clock: Callable[[], int]) -> Outbox | None:
    """Returns the outbox; None for a function that does not project."""
    if not settings.outbox_table:
        return None
    from vectorlog.views.dynamodb import DynamoDBTable
    from vectorlog.webhooks.outbox import Outbox

    return Outbox(DynamoDBTable(clients.dynamodb(), settings.outbox_table), clock)


def bus(settings: Environment) -> EventBus | None:
    """Returns the event bus, if the deployment has one."""
    if not settings.event_bus:
        return None
    from vectorlog.webhooks.eventbridge import EventBridgeBus

    return EventBridgeBus(clients.eventbridge(), settings.event_bus)


class _Sender:
    """Implements Sender; its libraries are imported when the first request is sent."""

    def __init__(self, private: bool) -> None:
        self._private = private

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """See Sender."""
        return _https(self._private).post(url, body, headers)


@cache
def _https(private: bool) -> HttpsSender:
    from vectorlog.webhooks.https import HttpsSender

    return HttpsSender(allow_private=private)
