"""The port that sends a webhook's request, and what can become of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Unreachable(Exception):
    """No answer came. The message says why, without anything that the receiver said."""


class RefusedAddress(Unreachable):
    """Nothing was sent, because the address is none to which this deployment sends."""


class Sender(Protocol):
    """Sends requests to addresses that strangers chose. It can be used from several threads."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Sends a request once, follows no redirect, and returns the status of the answer.

        Raises:
            RefusedAddress: the address is private, or not https.
            Unreachable: no answer came in time.
        """
        ...


def check_url(url: str, *, allow_private: bool) -> str | None:
    """Returns what is wrong with an endpoint's URL as a sentence; None if nothing is.

    A name is resolved only when something is sent, because its addresses may change.
    """
    from vectorlog.webhooks.addresses import checked_url

    try:
        checked_url(url, allow_private=allow_private)
    except RefusedAddress as error:
        return str(error)
    return None
