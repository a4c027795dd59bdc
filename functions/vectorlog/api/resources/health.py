"""Whether the server is alive, and whether it can do its work."""

from __future__ import annotations

from vectorlog.api.response import Response, json_response
from vectorlog.deployment import Deployment
from vectorlog.domain import ids
from vectorlog.event_log.codec import VECTOR_STORE
from vectorlog.views import keys


def alive(deployment: Deployment) -> Response:  # noqa: ARG001  # both routes are called alike
    """GET /healthz: the process answers."""
    return json_response({"status": "ok"})


def ready(deployment: Deployment) -> Response:
    """GET /readyz: the event log and the views answer a read; what they raise becomes a 5xx."""
    probe = ids.make("vs", b"readyz")
    deployment.streams.load(VECTOR_STORE, probe)
    deployment.views.rows([keys.store(probe)])
    return json_response({"status": "ok"})
