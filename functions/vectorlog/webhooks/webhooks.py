"""What a deployment needs to send webhooks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vectorlog.retry import REAL_TIME, Timing
from vectorlog.webhooks.secrets import KeySource
from vectorlog.webhooks.sender import Sender
from vectorlog.work.telling import SendSample


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Has another function send a sample event, because this one may have no way to the internet.

    Attributes:
        send: sends the message.
        timing: by which its outcome is waited for.
    """

    send: Callable[[SendSample], None]
    timing: Timing = REAL_TIME


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What a deployment needs to send webhooks.

    Attributes:
        key: reads the key from which the endpoints' secrets are derived.
        sender: sends the requests.
        allow_private: whether endpoints may have addresses that are not on the public internet, and http.
        elsewhere: who sends the samples that requests ask for; None for `sender`.
    """

    key: KeySource
    sender: Sender
    allow_private: bool = False
    elsewhere: Elsewhere | None = None
