"""The actor of a request, and the idempotency key under which the request may be repeated."""

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
    """A caller together with its request.

    Attributes:
        request: id of the request.
        route: method and path; an idempotency key is valid for one route.
        key: hashes of the Idempotency-Key (with project, end user and route) and of the body; None without a key.
    """

    caller: Caller
    request: str
    route: str = ""
    key: IdempotencyKey | None = None

    @property
    def meta(self) -> str:
        """The meta of this request's commits."""
        return meta_of(self.caller.as_owner().name, self.request, self.caller.project)

    def new_id(self, kind: ids.Kind, random: Random) -> str:
        """Returns an id for a thing that this request creates; a request repeated under its key gets the same id."""
        seed = self.key.key.encode() if self.key else random.randbytes(16)
        return ids.make(kind, seed)


def idempotency_key(caller: Caller, route: str, value: str, body: bytes) -> IdempotencyKey:
    """Returns a request's idempotency key as it is stored; `value` is that of the Idempotency-Key header."""
    parts = (caller.project, caller.user or "", route, value)
    return IdempotencyKey(
        hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32],
        hashlib.sha256(body).hexdigest()[:32],
    )
