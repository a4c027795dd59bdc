"""Whether the server is alive, and whether it can do its work."""

from __future__ import annotations

from vectorlog.api.request import Answer
from vectorlog.deployment import Deployment
from vectorlog.domain import ids
from vectorlog.event_log.codec import VECTOR_STORE
from vectorlog.views import keys


def alive(deployment: Deployment) -> Answer:  # noqa: ARG001  # both routes are called alike
    """GET /healthz: the process answers."""
    return Answer({"status": "ok"})


def ready(deployment: Deployment) -> Answer:
    """GET /readyz: the event log and the views answer a read; what they raise becomes a 5xx."""
    probe = ids.make("vs", b"readyz")
    deployment.streams.load(VECTOR_STORE, probe)
    deployment.views.rows([keys.store(probe)])
    return Answer({"status": "ok"})
