"""Whether the server is alive, and whether it can do its work."""

from __future__ import annotations

from vectorlog.api.request import Answer
from vectorlog.domain import ids
from vectorlog.event_log.codec import VECTOR_STORE
from vectorlog.use_cases.edition import Edition
from vectorlog.views import keys


def alive(edition: Edition) -> Answer:  # noqa: ARG001  # both routes are called alike
    """GET /healthz: the process answers."""
    return Answer({"status": "ok"})


def ready(edition: Edition) -> Answer:
    """GET /readyz: the event log and the views answer a read; what they raise becomes a 5xx."""
    probe = ids.make("vs", b"readyz")
    edition.streams.load(VECTOR_STORE, probe)
    edition.views.rows([keys.store(probe)])
    return Answer({"status": "ok"})
