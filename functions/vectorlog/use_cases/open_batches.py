"""The batches of a store that have not reached all of their files, and those files, as they are shown meanwhile."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby, islice

from vectorlog.deployment import Deployment
from vectorlog.domain import store_file, uploaded_file
from vectorlog.domain.file_batch import State as Batch
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.store_file import Placement, State
from vectorlog.event_log.codec import FILE_BATCH, STORE_FILE
from vectorlog.event_log.streams import Loaded
from vectorlog.use_cases import batch_files, manifests, pages
from vectorlog.use_cases.pages import PageRange
from vectorlog.views import keys


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch that has not reached all of its files; it has reached the first `reached` ones, and maybe others."""

    loaded: Loaded[Batch]
    reached: int

    @property
    def created_at(self) -> int:
        """When the batch was created, in ms since 1970."""
        return self.loaded.state.created_at

    def may_reach(self, deployment: Deployment) -> list[tuple[int, BatchItem]]:
        """Returns the files that it may not have reached, with their positions."""
        return list(enumerate(manifests.read(deployment, self.loaded)))[self.reached :]

    def unreached(self, deployment: Deployment, files: Container[str]) -> list[tuple[int, BatchItem]]:
        """Returns those of the files that it names and has not reached, as the rows show, with their positions."""
        named = [(position, each) for position, each in self.may_reach(deployment) if each.file in files]
        reached = deployment.views.rows([keys.entry(self.loaded.stream, each.file) for _, each in named])
        return [one for one in named if keys.entry(self.loaded.stream, one[1].file) not in reached]


@dataclass(frozen=True, slots=True)
class Preceding:
    """What precedes a new batch in its store.

    Attributes:
        known: the batch's files that the store counts already: they are in it, or an open batch has yet to reach them.
        created_at: when the newest of the open batches was created, in ms since 1970; 0 if none is open.
    """

    known: frozenset[str] = frozenset()
    created_at: int = 0


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file that a batch may have yet to reach; `sk` is the sort key under which the store lists it."""

    sk: str
    batch: Loaded[Batch]
    position: int
    item: BatchItem


def load(deployment: Deployment, store: str) -> list[OpenBatch]:
    """Loads the open batches of a store, the oldest first."""
    reached = deployment.views.open_batches(store)
    loaded = deployment.streams.load_many(FILE_BATCH, list(reached))
    batches = [OpenBatch(each, reached[batch]) for batch, each in loaded.items() if each.state.exists]
    return sorted(batches, key=lambda batch: (batch.created_at, batch.loaded.stream))


def preceding(deployment: Deployment, store: str, files: Sequence[str]) -> Preceding:
    """Returns what precedes a new batch of these files."""
    created_at = 0
    counts, found = deployment.together(
        lambda: deployment.views.store_counts(store), lambda: _attached(deployment, store, files)
    )
    if counts.unreached > 0:
        missing = set(files) - found
        for batch in load(deployment, store):
            created_at = batch.created_at  # the last one is the newest
            found |= {each.file for _, each in batch.unreached(deployment, missing)}
        found |= _attached(deployment, store, sorted(missing))  # those that were reached since the first look
    return Preceding(frozenset(found), created_at)


def _attached(deployment: Deployment, store: str, files: Sequence[str]) -> set[str]:
    rows = deployment.views.rows([keys.attachment(file, store) for file in files])
    return {file for file in files if keys.attachment(file, store) in rows}


def pending(deployment: Deployment, store: str, file: str, current: State) -> State | None:
    """Returns the state that a file which is not in the store will have once a batch reaches it; None if no batch has
    yet to reach it. `current` is the state in the file's stream.
    """
    if deployment.views.store_counts(store).unreached <= 0:
        return None
    for batch, position, each in _awaited(deployment, store, file, current):
        uploaded = batch_files.uploaded(deployment, [file]).get(file)
        if uploaded is not None:
            return expected(batch.loaded.state, position, each, uploaded)
    return None


def pending_page(deployment: Deployment, store: str, page_range: PageRange, status: str | None) -> dict[str, State]:
    """Returns the files that are in the store only because a batch has yet to reach them, by sort key: the first ones
    of a page, and one more if there is one.

    It reads three rows for each file that it returns. Files that were reached out of order, or deleted, cost as much.
    """
    candidates = _candidates(deployment, store, page_range, status)
    found: dict[str, State] = {}
    named: set[str] = set()
    while len(found) <= page_range.limit and (part := list(islice(candidates, page_range.limit + 1))):
        for each, uploaded in _confirmed(deployment, store, part):
            if each.item.file not in named:
                named.add(each.item.file)
                found[each.sk] = expected(each.batch.state, each.position, each.item, uploaded)
    return found


def sort_key(deployment: Deployment, store: str, file: str, current: State) -> str | None:
    """Returns the sort key of a file that a batch has yet to reach; None if there is no such batch. `current` is the
    state in the file's stream.
    """
    for batch, position, each in _awaited(deployment, store, file, current):
        if not each.known:
            return keys.FILES + Placement(batch.created_at, position).row(file)
    return None


def was_reached(deployment: Deployment, stream: str, current: State, batch: str, created_at: int) -> bool:
    """Whether a batch that was created at this time has reached a file. `stream` is the file's, `current` its state; if
    that may have forgotten the batch, the stream's commits tell.
    """
    if not current.may_have_forgotten(batch, created_at):
        return current.has_seen(batch)
    start = 0
    while page := deployment.streams.log.read(stream, start, 1000):
        for commit in page:
            events = deployment.streams.decode_as(STORE_FILE, commit).events
            if any(batch in store_file.entries(event) for event in events):
                return True
        start = page[-1].version + 1
    return False


def expected(batch: Batch, position: int, each: BatchItem, file: uploaded_file.State) -> State:
    """Returns the state that a file will have once the batch, which has named it at `position`, reaches it."""
    return State(
        attached=True,
        filename=file.filename,
        sha256=file.sha256,
        placement=Placement(batch.created_at, position),
        status="cancelled" if batch.cancelled else "in_progress",
        attributes=each.attributes,
        chunking=each.chunking,
    )


def _awaited(
    deployment: Deployment, store: str, file: str, current: State
) -> Iterator[tuple[OpenBatch, int, BatchItem]]:
    """Yields the batches that have yet to reach a file, as its stream shows, with its position and item in each."""
    stream = store_file_stream(store, file)
    for batch in load(deployment, store):
        for position, each in batch.may_reach(deployment):
            if each.file == file and not was_reached(
                deployment, stream, current, batch.loaded.stream, batch.created_at
            ):
                yield batch, position, each


def _candidates(deployment: Deployment, store: str, page_range: PageRange, status: str | None) -> Iterator[_Candidate]:
    """Yields the files that batches may have yet to reach, in the order of the page. The manifest of a batch is read
    only when its turn comes.
    """
    batches = [
        batch
        for batch in load(deployment, store)
        if batch.loaded.state.known < batch.loaded.state.count
        and status in (None, "cancelled" if batch.loaded.state.cancelled else "in_progress")
    ]
    if page_range.descending:
        batches.reverse()
    for created_at, group in groupby(batches, key=lambda batch: batch.created_at):
        if pages.overlaps(f"{keys.FILES}{created_at:013d}#", page_range):
            listed = chain.from_iterable(map(partial(_listed, deployment), group))
            inside = (each for each in listed if pages.inside(each.sk, page_range))
            yield from sorted(inside, key=lambda each: each.sk, reverse=page_range.descending)


def _listed(deployment: Deployment, batch: OpenBatch) -> Iterator[_Candidate]:
    for position, each in batch.may_reach(deployment):
        if not each.known:
            sk = keys.FILES + Placement(batch.created_at, position).row(each.file)
            yield _Candidate(sk, batch.loaded, position, each)


def _confirmed(
    deployment: Deployment, store: str, candidates: Sequence[_Candidate]
) -> Iterator[tuple[_Candidate, uploaded_file.State]]:
    """Yields the files that are really unreached, neither in the store already nor deleted."""
    files = [each.item.file for each in candidates]
    wanted = [keys.entry(each.batch.stream, each.item.file) for each in candidates]
    wanted += [key for file in files for key in (keys.attachment(file, store), keys.file(file))]
    rows = deployment.views.rows(wanted)
    uploaded = batch_files.uploaded_in(deployment, rows, files)
    for each in candidates:
        entry, attachment = keys.entry(each.batch.stream, each.item.file), keys.attachment(each.item.file, store)
        if entry not in rows and attachment not in rows and each.item.file in uploaded:
            yield each, uploaded[each.item.file]
