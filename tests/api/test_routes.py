"""Which routes a server may answer without a thread of their own."""

from __future__ import annotations

import pytest

from vectorlog.api.dialect import DIALECTS
from vectorlog.api.request import Request
from vectorlog.api.routes import ROUTES, is_quick

STORE = "/vector_stores/vs_1"
QUICK = {f"{STORE}", f"{STORE}/file_batches/vsfb_1", "/files/file-1"}


def head(method: str, path: str, **query: str) -> Request:
    return Request(method, path, {}, {name: [value] for name, value in query.items()}, b"", "req_1")


@pytest.mark.parametrize("prefix", [each.prefix for each in DIALECTS])
def test_quick(prefix: str) -> None:
    """GETs of a store, a batch and an uploaded file are quick, as long as they ask for nothing more."""
    for path in QUICK:
        assert is_quick(head("GET", prefix + path))
        assert not is_quick(head("GET", prefix + path, at="1"))
        assert not is_quick(head("DELETE", prefix + path))
        assert not is_quick(head("GET", f"{prefix}{path}/files"))
        assert not is_quick(head("GET", path))


def test_no_other() -> None:
    """What may write, read much, or wait, is not quick."""
    quick = {(route.method, route.path) for route in ROUTES if route.quick}
    assert quick == {
        ("GET", "/vector_stores/<vector_store_id>"),
        ("GET", "/vector_stores/<vector_store_id>/file_batches/<batch_id>"),
        ("GET", "/files/<file_id>"),
    }
