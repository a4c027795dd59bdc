"""What a deployment needs to send webhooks."""

from __future__ import annotations

from dataclasses import dataclass

from vectorlog.webhooks.secrets import KeySource
from vectorlog.webhooks.sender import Sender


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What a deployment needs to send webhooks.

    Attributes:
        key: reads the key from which the endpoints' secrets are derived.
        sender: sends the requests.
        allow_private: whether endpoints may have addresses that are not on the public internet, and http.
    """

    key: KeySource
    sender: Sender
    allow_private: bool = False
