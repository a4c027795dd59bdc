"""Uploads: a file that exists has its bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.support.bench import PROJECT, Bench, DictIndex, Lost, keyed
from vectorlog.domain.errors import NotFound
from vectorlog.use_cases import uploaded_files
from vectorlog.use_cases.pages import PageRequest

ALL = PageRequest(100)


@pytest.mark.parametrize("after", [False, True])
def test_upload_that_dies(tmp_path: Path, after: bool) -> None:
    """Wherever an upload dies, the file either does not exist or has all of its bytes; the repeated request makes it
    once.
    """
    actor = keyed("k", "body", route="POST /files")
    for call in range(1, 10):
        (tmp_path / str(call)).mkdir()
        bench = Bench(tmp_path / str(call), index=DictIndex())
        try:
            with bench.faults.dying(call, after=after):
                bench.upload("alpha", actor)
            died = False
        except Lost:
            died = True
        for view in uploaded_files.list_page(bench.deployment, PROJECT, ALL, None, None).items:
            _, key = uploaded_files.content(bench.deployment, PROJECT, view.id)
            assert bench.blobs.read(key) == b"alpha"
        file = actor.new_id("file", bench.random)
        try:
            view = uploaded_files.get(bench.deployment, PROJECT, file)
            assert bench.blobs.read(uploaded_files.blob_key(file, view.state.sha256)) == b"alpha"
        except NotFound:
            assert died
        assert bench.upload("alpha", actor) == file
        assert bench.blobs.read(uploaded_files.blob_key(file, hashlib.sha256(b"alpha").hexdigest())) == b"alpha"
        assert [view.id for view in uploaded_files.list_page(bench.deployment, PROJECT, ALL, None, None).items] == [
            file
        ]
        bench.close()
        if not died:
            return
    raise AssertionError("an upload has fewer calls than this")
