"""Health checks: whether the process is alive, and whether it can serve requests."""

from __future__ import annotations

from vectorlog.api.response import Response, json_response
from vectorlog.deployment import Deployment
from vectorlog.domain import ids
from vectorlog.event_log.codec import VECTOR_STORE
from vectorlog.views import keys


def alive(deployment: Deployment) -> Response:  # noqa: ARG001  # both checks have the same signature
    """GET /healthz: the process answers."""
    return json_response({"status": "ok"})


def ready(deployment: Deployment) -> Response:
    """GET /readyz: the event log and the views can be read. An error that they raise becomes a 5xx."""
    probe = ids.make("vs", b"readyz")
    deployment.streams.load(VECTOR_STORE, probe)
    deployment.views.rows([keys.store(probe)])
    return json_response({"status": "ok"})
