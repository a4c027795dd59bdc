"""Rights in OpenSearch, granted when the stack is created."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opensearchpy.exceptions import TransportError

from handlers.index_access import RETRY, give
from tests.support.waits import Waits
from vectorlog.domain.errors import Unavailable
from vectorlog.index.opensearch.requests import connect

SEARCH, WRITE = "arn:aws:iam::123456789012:role/search", "arn:aws:iam::123456789012:role/write"
PERMISSIONS = {"cluster_permissions": ["indices:data/read/msearch"], "index_permissions": []}
ROLES = {
    "vectorlog_search": {"Permissions": PERMISSIONS, "Holders": [SEARCH]},
    "vectorlog_write": {"Permissions": PERMISSIONS, "Holders": [WRITE]},
}


class Security:
    """The security plugin's API: stores what is put; gives the answers in `refusals` first."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.refusals: list[int] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"security": self}))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    security: Security

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        status = self.security.refusals.pop(0) if self.security.refusals else 200
        if status == 200:
            self.security.kept[self.path] = body
        answer = json.dumps({"status": "OK" if status == 200 else "FORBIDDEN", "message": "no permissions"}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """No log."""


@pytest.fixture
def security() -> Iterator[Security]:
    """A domain."""
    made = Security()
    threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_gives(security: Security) -> None:
    """Each role is created, for exactly its holders."""
    give(connect(security.url), ROLES)
    assert security.kept == {
        "/_plugins/_security/api/roles/vectorlog_search": PERMISSIONS,
        "/_plugins/_security/api/rolesmapping/vectorlog_search": {"backend_roles": [SEARCH]},
        "/_plugins/_security/api/roles/vectorlog_write": PERMISSIONS,
        "/_plugins/_security/api/rolesmapping/vectorlog_write": {"backend_roles": [WRITE]},
    }


def test_new_domain_refuses_at_first(security: Security) -> None:
    """The first deploy succeeds, although a new domain does not know its master for some seconds."""
    security.refusals = [403, 503, 401]
    pauses = Waits()
    give(connect(security.url), ROLES, pauses.timing)
    assert len(security.kept) == 4
    assert len(pauses) == 3


def test_never_known(security: Security) -> None:
    """A master that stays unknown fails the deploy after two minutes, with OpenSearch's message."""
    security.refusals = [403] * RETRY.attempts
    pauses = Waits()
    with pytest.raises(Unavailable, match="no permissions"):
        give(connect(security.url), ROLES, pauses.timing)
    assert 100 < sum(pauses) < 155


def test_wrong_request(security: Security) -> None:
    """A refusal that no retry can change fails immediately."""
    security.refusals = [400]
    pauses = Waits()
    with pytest.raises(TransportError):
        give(connect(security.url), ROLES, pauses.timing)
    assert pauses == []
