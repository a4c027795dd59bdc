"""What a browser may do with an uploaded file."""

from __future__ import annotations

import pytest

from tests.api.client import Client


@pytest.mark.parametrize("prefix", ["/v1", "/api/v1/llm"])
def test_never_run_as_ours(client: Client, prefix: str) -> None:
    """A page that someone uploaded is saved, not run: it is an attachment, and a browser does not guess its type."""
    file = client.upload("<script>alert(1)</script>", "evil.html")["id"]
    answer = client.get(f"{prefix}/files/{file}/content")
    assert answer.status_code == 200
    assert answer.text == "<script>alert(1)</script>"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
