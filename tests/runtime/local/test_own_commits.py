"""What a process remembers of its own commits until the feed brings them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from vectorlog.domain import uploaded_file
from vectorlog.domain.tenancy import Owner
from vectorlog.domain.uploaded_file import FileUploaded
from vectorlog.event_log import codec
from vectorlog.event_log.codec import UPLOADED_FILE
from vectorlog.event_log.streams import Outcome
from vectorlog.runtime.local.data_folder import DataFolder
from vectorlog.runtime.local.log_and_views import LocalLogAndViews
from vectorlog.views import keys

FILE = "file-1"
UPLOADED = FileUploaded(1, Owner("acme", None), "a.txt", "assistants", 1, "00", "text/plain")


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[LocalLogAndViews]:
    with closing(LocalLogAndViews(DataFolder(tmp_path))) as made:
        yield made


def upload(parts: LocalLogAndViews) -> Outcome[uploaded_file.State, uploaded_file.Event]:
    return parts.streams.decide(UPLOADED_FILE, FILE, lambda state: uploaded_file.upload(state, UPLOADED))


def test_own_commits_are_not_decoded(parts: LocalLogAndViews, monkeypatch: pytest.MonkeyPatch) -> None:
    """The feed's commit is the one that was decided; another process' is decoded."""
    outcome = upload(parts)
    [entry] = parts.log.after(0, 10)
    assert parts.streams.decode(entry.commit) is outcome.decision
    monkeypatch.setattr(codec, "decode_events", None)
    with pytest.raises(TypeError):
        parts.streams.decode(replace(entry.commit, id="another"))


def test_an_erased_commit_is_another(parts: LocalLogAndViews) -> None:
    """A commit that was replaced under its id is decoded as it is now."""
    upload(parts)
    [entry] = parts.log.after(0, 10)
    assert parts.streams.decode(replace(entry.commit, events="[]")).events == ()


def test_own_rows_are_not_written_again(parts: LocalLogAndViews, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was shown is not projected once more; what was only appended is."""
    outcome = upload(parts)
    decision = outcome.decision
    assert decision is not None
    parts.views.apply([decision])
    assert parts.views.row(keys.file(FILE)) is not None
    parts.views.show([outcome])
    monkeypatch.setattr(parts.views, "table", None)
    monkeypatch.setattr(parts.views, "tables", (None,))
    parts.views.apply([decision])
    with pytest.raises(AttributeError):
        parts.views.apply([replace(decision, version=1)])
