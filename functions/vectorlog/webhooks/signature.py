"""The headers of Standard Webhooks, by which a receiver knows who sent a request and when.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from vectorlog.webhooks.secrets import PREFIX


def headers(secrets: Sequence[str], id: str, at: int, body: str) -> dict[str, str]:
    """Returns the headers of a request.

    Args:
        secrets: of the endpoint; the request is signed with each, so that a receiver may have either.
        id: of the event, the same in each attempt.
        at: of the attempt, in seconds since 1970.
        body: the text that is sent.
    """
    signed = f"{id}.{at}.{body}".encode()
    signatures = " ".join(f"v1,{_sign(secret, signed)}" for secret in secrets)
    return {"webhook-id": id, "webhook-timestamp": str(at), "webhook-signature": signatures}


def _sign(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
