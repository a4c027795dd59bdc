"""Compares views, index, artefacts and blobs with what the log says they hold.

It may run on a live system: it compares several times, and reports only what differs every time. Differences that
commits or messages under way may still resolve are reported separately, as pending.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from vectorlog.deployment import Deployment
from vectorlog.domain.store_file import Serving
from vectorlog.domain.vectors import Space
from vectorlog.files import artefact
from vectorlog.operations.folded_log import History, read
from vectorlog.operations.readers import ALONE, Readers
from vectorlog.operations.unerased import left
from vectorlog.use_cases.uploaded_files import blob_key
from vectorlog.views import keys, usage_keys, usage_rows
from vectorlog.views.table import ENDED, NO_ROW, Row

PASSES = 3
"""A difference is reported if it is found in this many passes, with a pause between them."""


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """Derived data that does not agree with the log: its kind, where it is, and what is wrong."""

    kind: str
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Unfinished work: how many commits are not projected, and how many messages wait or are being processed."""

    commits: int
    messages: int


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a verification.

    Attributes:
        differing: differences that no work under way will resolve.
        pending: differences that a commit or message under way may resolve.
        streams: the number of streams that were read.
        under_way: the unfinished work at the last pass.
    """

    differing: tuple[Difference, ...]
    pending: tuple[Difference, ...]
    streams: int
    under_way: UnderWay


def verify(
    deployment: Deployment,
    under_way: Callable[[], UnderWay],
    pause: Callable[[], None],
    readers: Readers = ALONE,
) -> Report:
    """Compares up to `PASSES` times, with a pause in between, and reports what differed every time."""
    persistent: set[Difference] = set()
    for number in range(PASSES):
        if number:
            pause()
        waiting, history = under_way(), read(deployment, readers)
        seen = set(differences(deployment, history, readers))
        persistent = persistent & seen if number else seen
        if not persistent:
            break
    pending = {
        each for each in persistent if waiting.commits or (waiting.messages and each.kind not in ("row", "counts"))
    }
    return Report(tuple(sorted(persistent - pending)), tuple(sorted(pending)), len(history), waiting)


def differences(deployment: Deployment, history: History, readers: Readers = ALONE) -> Iterator[Difference]:
    """Yields all differences of one pass."""
    yield from _rows(deployment, history, readers)
    yield from _chunks(deployment, history, readers)
    yield from _artefacts(deployment, history)
    yield from _blobs(deployment, history, readers)
    yield from _erasures(deployment, history)


def _rows(deployment: Deployment, history: History, readers: Readers) -> Iterator[Difference]:
    """Compares each row while it is read, so that the table is not held in memory."""
    left = {key: row for key, row in history.rows.items() if _is_compared(row)}
    stored: Counter[str] = Counter()
    for row in readers.rows(deployment.views.table):
        if row.gone:
            continue
        _add_stored(stored, row)
        if _is_compared(row):
            yield from _row(left.pop(row.key, None), row)
    yield from (Difference("row", f"{key.pk} {key.sk}", "is missing") for key in left)
    if not history.erased:  # usage also counts what the log has no longer
        yield from _usage(stored, history.rows.values())


def _row(expected: Row | None, actual: Row) -> Iterator[Difference]:
    key, where = actual.key, f"{actual.key.pk} {actual.key.sk}"
    if expected is None:
        yield Difference("row", where, "is left over")
    elif _counts(expected) != _counts(actual):
        yield Difference("counts", where, f"are {_counts(actual)}, and the log says {_counts(expected)}")
    elif (expected.data, _status(expected)) != (actual.data, _status(actual)):
        yield Difference("row", where, "does not hold what the log says")
    elif expected.version != actual.version and not keys.is_pointer(key):
        yield Difference("row", where, f"is at version {actual.version}, and the log says {expected.version}")


def _is_compared(row: Row) -> bool:
    """Whether a row has to be there, as it is. One that has only counts says nothing once they are 0, and whether there
    is such a row depends on the order of commits. Usage is compared by `_usage`.
    """
    return not usage_keys.is_usage(row.key) and (row.version != NO_ROW or bool(_counts(row)))


def _usage(actual: Counter[str], known: Iterable[Row]) -> Iterator[Difference]:
    """Compares the bytes that each owner stores by now. Of two commits on a file that were projected in the wrong order
    both count on the later one's day, so single days may differ.
    """
    expected: Counter[str] = Counter()
    for row in known:
        _add_stored(expected, row)
    for where in actual.keys() | expected.keys():
        if actual[where] != expected[where]:
            yield Difference("counts", where, f"are {actual[where]} bytes, and the log says {expected[where]}")


def _add_stored(stored: Counter[str], row: Row) -> None:
    if usage_keys.is_usage(row.key):
        _, month = usage_keys.owner_and_month(row.key.sk)
        stored[f"{row.key.pk} {row.key.sk.replace(f'#{month}#', '#')}"] += sum(row.counts.values())


def _status(row: Row) -> str | None:
    """The status by which lists are filtered. That of ended stores is missing in rows of earlier versions."""
    return None if row.status == ENDED else row.status


def _erasures(deployment: Deployment, history: History) -> Iterator[Difference]:
    yield from (Difference("erasure", where, what) for where, what in left(deployment, history))


def _counts(row: Row) -> dict[str, int]:
    """The counts that are not 0. Those of changes whose owner was not known depend on the order of projections."""
    return {
        name: number
        for name, number in sorted(row.counts.items())
        if number and not name.startswith(usage_rows.PENDING)
    }


def _chunks(deployment: Deployment, history: History, readers: Readers) -> Iterator[Difference]:
    by_store: dict[str, dict[tuple[str, int], Serving]] = defaultdict(dict)
    open_generations: set[tuple[str, str, int]] = set()
    for id_, state in history.store_files.items():
        if state.serving is not None and history.holds_contents(id_.store):
            by_store[id_.store][id_.file, state.serving.generation] = state.serving
        if state.open is not None:
            open_generations.add((id_.store, id_.file, state.open.generation))
    indexes: list[tuple[str, Space, dict[tuple[str, int], int]]] = []
    for store, store_state in history.stores.items():
        own, *moves = store_state.numbered_spaces
        expected = {generation: serving.chunks for generation, serving in by_store[store].items()}
        indexes.append((store, own[0], expected))
        for space, number in moves:
            moved = {key: each.chunks for key, each in by_store[store].items() if each.move == number}
            indexes.append((store, space, moved))
    counts = readers.each(lambda index: deployment.index.count(index[1], index[0]), indexes)
    for (store, _, serving), indexed in zip(indexes, counts, strict=True):
        yield from _indexed(store, serving, indexed, open_generations)


def _indexed(
    store: str,
    serving: Mapping[tuple[str, int], int],
    indexed: Mapping[tuple[str, int], int],
    open_generations: set[tuple[str, str, int]],
) -> Iterator[Difference]:
    for file, generation in serving.keys() | indexed.keys():
        expected, actual = serving.get((file, generation)), indexed.get((file, generation), 0)
        where = f"{store} {file} generation {generation}"
        if expected is None and (store, file, generation) not in open_generations:
            yield Difference("chunks", where, f"{actual} are left over")
        elif expected is not None and expected != actual:
            yield Difference("chunks", where, f"are {actual}, and the log says {expected}")


def _artefacts(deployment: Deployment, history: History) -> Iterator[Difference]:
    parts: dict[str, set[str]] = defaultdict(set)
    for key in deployment.blobs.list("artefacts/"):
        folder, _, name = key.rpartition("/")
        parts[f"{folder}/"].add(name)
    expected: set[str] = set()
    for id_, state in history.store_files.items():
        if state.open is not None:
            expected.add(artefact.folder(id_.store, id_.file, state.open.generation))
        if state.serving is not None and history.holds_contents(id_.store):
            folder = artefact.folder(id_.store, id_.file, state.serving.generation)
            expected.add(folder)
            if "text" not in parts[folder] or len(parts[folder]) < 2:
                yield Difference("artefact", folder, "is missing or incomplete")
    for folder in parts.keys() - expected:
        if parts[folder]:
            yield Difference("artefact", folder, "is left over")


def _blobs(deployment: Deployment, history: History, readers: Readers) -> Iterator[Difference]:
    living = {file: state for file, state in history.files.items() if not state.deleted}
    expected = {blob_key(file, state.sha256) for file, state in living.items()}
    expected |= history.manifests() | history.parts()
    listed = readers.each(lambda folder: set(deployment.blobs.list(folder)), ("files/", "manifests/", "uploads/"))
    actual = set().union(*listed)
    yield from (Difference("blob", key, "is missing") for key in expected - actual)
    pending = {upload for upload, state in history.uploads.items() if state.ended is None}
    for key in actual - expected:
        if not (key.startswith("uploads/") and key.split("/")[1] in pending):
            yield Difference("blob", key, "is left over")
