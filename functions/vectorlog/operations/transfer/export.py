"""Exports a deployment's commits, and the objects that these commits need.

The commits come first, so the export has the log as it was then. Objects may be deleted before they are copied. If the
store or the file that they belong to was deleted meanwhile, its newer commits are added, so nothing is missing. What
else is missing is listed in the table of contents: the import ingests such files again.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from vectorlog.deployment import Deployment
from vectorlog.domain import upload, uploaded_file, vector_store
from vectorlog.event_log.event_log import Commit
from vectorlog.files import artefact, part_files
from vectorlog.files.blobs import Blobs, NoSuchBlob
from vectorlog.operations.progress import Watch, pages
from vectorlog.operations.readers import ALONE, Readers
from vectorlog.operations.transfer import contents
from vectorlog.operations.transfer.archive import Sink
from vectorlog.operations.transfer.contents import COMMITS, CONTENTS, DELETIONS, OBJECTS, Contents, ModelInUse
from vectorlog.operations.transfer.summary import LogSummary
from vectorlog.use_cases.upload_parts import DIRECT


def export(deployment: Deployment, sink: Sink, watch: Watch, readers: Readers = ALONE) -> Contents:
    """Writes all data of a deployment, while `readers` read it. It holds one entry per stream in memory.

    Raises:
        UnknownSchema: newer code wrote a commit.
    """
    summary = LogSummary()
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "draft"
        _write(draft, watch("commits", readers.commits(deployment.streams.log), None), summary)
        commits = summary.commits
        sink.keep(COMMITS, draft)
        copy = _Copy(deployment.blobs, sink, summary, readers)
        copy.run(watch("objects", deployment.blobs.list(""), None))
        _write(draft, _deletions(deployment, summary, copy.missing()), summary)
        sink.keep(DELETIONS, draft)
        spaces = (space for store, space in summary.spaces.items() if store not in summary.ended)
        used = Counter((space.name, space.dimensions) for space in spaces)
        table = Contents(
            commits=commits,
            objects=copy.count,
            size=copy.size,
            models=tuple(ModelInUse(*model, stores) for model, stores in used.items()),
            deletions=summary.commits - commits,
            missing=tuple(copy.missing()),
        )
        draft.write_bytes(contents.encode(table))
        sink.keep(CONTENTS, draft)
    return table


def _write(path: Path, commits: Iterable[Commit], summary: LogSummary) -> None:
    with path.open("wb") as file:
        for commit in commits:
            summary.note(commit)
            file.write(contents.line_of(commit))


@dataclass(frozen=True, slots=True)
class _Fetched:
    """An object as a local file, which is there until `until` is closed; its bytes, and its chunks if it is a part."""

    key: str
    path: Path
    size: int
    chunks: int | None
    until: ExitStack


class _Copy:
    """Copies the objects that the commits need and that are whole, and remembers which of them it found.

    Attributes:
        count: the number of objects that were copied.
        size: their bytes.
    """

    def __init__(self, blobs: Blobs, sink: Sink, summary: LogSummary, readers: Readers) -> None:
        self._readers = readers
        self._blobs = blobs
        self._sink = sink
        self._summary = summary
        self._found: set[str] = set()
        self._texts = {folder: size for folder, _, size in summary.artefacts()}
        self._chunks: Counter[str] = Counter()
        self.count = self.size = 0

    def run(self, keys: Iterable[str]) -> None:
        """Copies those of the objects that are needed and still there. Several are fetched at once, and kept one after
        the other.
        """
        for fetched in self._readers.each(self._fetched, filter(self._summary.needs, keys)):
            if fetched is None:
                continue
            with fetched.until:
                try:
                    self._sink.keep(OBJECTS + fetched.key, fetched.path)
                except FileNotFoundError:  # it was deleted after it was listed
                    continue
            self.count += 1
            self.size += fetched.size
            if fetched.chunks is None:
                self._found.add(fetched.key)
            else:
                self._chunks[fetched.key.rpartition("/")[0] + "/"] += fetched.chunks

    def _fetched(self, key: str) -> _Fetched | None:
        """Returns an object if it is there and whole."""
        with ExitStack() as until:
            try:
                path = until.enter_context(self._blobs.local(key))
                if self._is_whole(key, path):
                    return _Fetched(key, path, path.stat().st_size, _chunks(key, path), until.pop_all())
            except (NoSuchBlob, FileNotFoundError):  # it was deleted after it was listed
                pass
        return None

    def _is_whole(self, key: str, path: Path) -> bool:
        """Returns whether an object is not cut off, as it may be in a copy of a folder."""
        folder, _, name = key.rpartition("/")
        if not key.startswith("artefacts/"):
            with path.open("rb") as file:
                return name == DIRECT or hashlib.file_digest(file, "sha256").hexdigest() == name
        if name == artefact.TEXT:
            return path.stat().st_size == self._texts.get(f"{folder}/", path.stat().st_size)
        return part_files.whole_chunks_in(path) is not None

    def missing(self) -> list[str]:
        """Returns the keys of missing objects, and the folders of serving artefacts that are not complete."""
        objects = (key for key in self._summary.objects() if key not in self._found)
        artefacts = (
            folder
            for folder, chunks, _ in self._summary.artefacts()
            if self._chunks[folder] != chunks or folder + artefact.TEXT not in self._found
        )
        return sorted((*objects, *artefacts))


def _chunks(key: str, path: Path) -> int | None:
    """Returns the number of chunks in a part of an artefact; None for any other object."""
    name = key.rpartition("/")[2]
    is_part = key.startswith("artefacts/") and name != artefact.TEXT and artefact.BESIDE not in name
    return part_files.chunks_in(path) if is_part else None


def _deletions(deployment: Deployment, summary: LogSummary, missing: Sequence[str]) -> Iterator[Commit]:
    """Yields the newer commits of stores that have ended and files that were deleted since the commits were read."""
    owners = dict.fromkeys(owner for key in missing for owner in _owners(key))
    for page in pages(owners):
        for stream, newest in deployment.streams.log.load_many(page).items():
            state = deployment.streams.decode(newest).state
            over = isinstance(state, uploaded_file.State) and state.deleted
            over = over or (isinstance(state, upload.State) and state.ended is not None)
            if over or (isinstance(state, vector_store.State) and state.ended):
                start = summary.newest[stream] + 1
                yield from deployment.streams.log.read(stream, start, newest.version + 1 - start)


def _owners(key: str) -> list[str]:
    """Returns the store and the uploaded file to which an object belongs."""
    match key.split("/"):
        case ["artefacts", store, file, *_]:
            return [store, file]
        case [_, owner, *_]:
            return [owner]
    return []
