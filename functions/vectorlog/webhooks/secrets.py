"""The secrets of webhook endpoints. They are derived from the deployment's key, and so are stored nowhere."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable

PREFIX = "whsec_"
KEY_BYTES = 32
"""Of the deployment's key: as many random bytes as a secret has."""

KeySource = Callable[[], bytes]
"""Returns the deployment's key, of at least `KEY_BYTES` random bytes.

Without it no secret can be found, and with another key every secret is another one.
"""


def secret_of(key: bytes, endpoint: str, number: int) -> str:
    """Returns secret `number` of an endpoint, in the form of Standard Webhooks: `whsec_` and base64 of 32 bytes."""
    digest = hmac.digest(key, f"vectorlog webhook secret\0{endpoint}\0{number}".encode(), hashlib.sha256)
    return PREFIX + base64.b64encode(digest).decode()


def hint_of(secret: str) -> str:
    """Returns the characters of a secret that are shown again: 24 of its 256 bits. The padding says nothing."""
    return secret.rstrip("=")[-4:]
