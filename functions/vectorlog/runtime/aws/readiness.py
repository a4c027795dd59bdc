"""Readiness of the AWS edition, for anybody who asks: `/readyz` needs no key."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from vectorlog.api.resources import health

if TYPE_CHECKING:
    from vectorlog.api.response import Response
    from vectorlog.api.routes import Probe
    from vectorlog.deployment import Deployment

HOLDS_S = 10.0
"""How long a process that was ready need not look again."""


def ready_rarely(clock: Callable[[], float] = time.monotonic) -> Probe:
    """Returns `GET /readyz` for a process. It reads the log and the views at most once in ten seconds while they can be
    read, so strangers who ask often cause no reads.

    Args:
        clock: returns seconds since any fixed moment.
    """
    until = float("-inf")

    def ready(deployment: Deployment) -> Response:
        nonlocal until
        if clock() < until:
            return health.alive(deployment)
        response = health.ready(deployment)
        until = clock() + HOLDS_S
        return response

    return ready
