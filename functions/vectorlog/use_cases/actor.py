"""Who sends a request, and under which key it may be repeated."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from random import Random

from vectorlog.domain import ids
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log.codec import IdempotencyKey
from vectorlog.event_log.provenance import meta_of


@dataclass(frozen=True, slots=True)
class Actor:
    """A caller in one request.

    Attributes:
        request: id of the request.
        route: method and path, which an idempotency key is tied to.
        key: hashes of the Idempotency-Key (with project, end user and route) and of the body.
    """

    caller: Caller
    request: str
    route: str = ""
    key: IdempotencyKey | None = None

    @property
    def meta(self) -> str:
        """What commits of this request are marked with."""
        return meta_of(self.caller.as_owner().name, self.request)

    def new_id(self, kind: ids.Kind, random: Random) -> str:
        """An id for what this request makes: the same one when the request is repeated under its key."""
        seed = self.key.key.encode() if self.key else random.randbytes(16)
        return ids.make(kind, seed)


def idempotency_key(caller: Caller, route: str, value: str, body: bytes) -> IdempotencyKey:
    """The key of a request, as it is stored."""
    parts = (caller.project, caller.user or "", route, value)
    return IdempotencyKey(
        hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32],
        hashlib.sha256(body).hexdigest()[:32],
    )
