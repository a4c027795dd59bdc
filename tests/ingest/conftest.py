"""Readers are tested on documents that the tests make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vectorlog.ingest.document import Text
from vectorlog.ingest.extract import extract


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes, str], Text]:
    """Extracts bytes under a file name."""

    def read(data: bytes, filename: str) -> Text:
        path = tmp_path / "blob"
        path.write_bytes(data)
        return extract(path, filename)

    return read
