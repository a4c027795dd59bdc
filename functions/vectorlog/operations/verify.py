"""Compares views, index, artefacts and blobs with what the log says they hold.

It runs beside a live system: what differs is looked at again, and only what differs every time is told. While messages
are under way, what they may still settle is told apart as pending.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vectorlog.deployment import Deployment
from vectorlog.files import artefact
from vectorlog.operations.folded_log import History, read
from vectorlog.use_cases.uploaded_files import blob_key
from vectorlog.views.table import Row

LOOKS = 3
"""A difference stands once it was seen so often, a pause apart."""


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """Something derived that does not agree with the log: what kind of thing, where, and how."""

    kind: str
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Work that is not done yet: commits that are not projected, messages that can be received or are lent."""

    commits: int
    messages: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a look found.

    Attributes:
        differing: what nothing under way will settle.
        pending: what a commit or message under way may settle.
    """

    differing: tuple[Difference, ...]
    pending: tuple[Difference, ...]
    streams: int
    under_way: UnderWay


def verify(deployment: Deployment, under_way: Callable[[], UnderWay], pause: Callable[[], None]) -> Report:
    """Looks up to `LOOKS` times, with a pause between; tells what differed every time."""
    found: set[Difference] = set()
    for look in range(LOOKS):
        if look:
            pause()
        waiting, history = under_way(), read(deployment)
        seen = set(differences(deployment, history))
        found = found & seen if look else seen
        if not found:
            break
    pending = {each for each in found if waiting.commits or (waiting.messages and each.kind not in ("row", "counts"))}
    return Report(tuple(sorted(found - pending)), tuple(sorted(pending)), len(history), waiting)


def differences(deployment: Deployment, history: History) -> Iterator[Difference]:
    """Everything that differs at one look."""
    yield from _rows(deployment, history)
    yield from _chunks(deployment, history)
    yield from _artefacts(deployment, history)
    yield from _blobs(deployment, history)


def _rows(deployment: Deployment, history: History) -> Iterator[Difference]:
    found = {row.key: row for row in deployment.views.table.scan() if not row.gone}
    for key in history.rows.keys() | found.keys():
        expected, standing, where = history.rows.get(key), found.get(key), f"{key.pk} {key.sk}"
        if expected is None:
            yield Difference("row", where, "is left over")
        elif standing is None:
            yield Difference("row", where, "is missing")
        elif _counts(expected) != _counts(standing):
            yield Difference("counts", where, f"are {_counts(standing)}, and the log says {_counts(expected)}")
        elif (expected.version, expected.data, expected.status) != (standing.version, standing.data, standing.status):
            yield Difference("row", where, f"is at version {standing.version}, and the log says {expected.version}")


def _counts(row: Row) -> dict[str, int]:
    return {name: number for name, number in sorted(row.counts.items()) if number}


def _chunks(deployment: Deployment, history: History) -> Iterator[Difference]:
    by_store: dict[str, dict[tuple[str, int], int]] = defaultdict(dict)
    opened: set[tuple[str, str, int]] = set()
    for id_, state in history.store_files.items():
        if state.serving is not None and history.holds_contents(id_.store):
            by_store[id_.store][id_.file, state.serving.generation] = state.serving.chunks
        if state.open is not None:
            opened.add((id_.store, id_.file, state.open.generation))
    for store, made in history.stores.items():
        found = deployment.index.count(made.space, store)
        for file, generation in by_store[store].keys() | found.keys():
            expected, standing = by_store[store].get((file, generation)), found.get((file, generation), 0)
            where = f"{store} {file} generation {generation}"
            if expected is None and (store, file, generation) not in opened:
                yield Difference("chunks", where, f"{standing} are left over")
            elif expected is not None and expected != standing:
                yield Difference("chunks", where, f"are {standing}, and the log says {expected}")


def _artefacts(deployment: Deployment, history: History) -> Iterator[Difference]:
    found: dict[str, set[str]] = defaultdict(set)
    for key in deployment.blobs.list("artefacts/"):
        folder, _, name = key.rpartition("/")
        found[f"{folder}/"].add(name)
    wanted: set[str] = set()
    for id_, state in history.store_files.items():
        if state.open is not None:
            wanted.add(artefact.folder(id_.store, id_.file, state.open.generation))
        if state.serving is not None and history.holds_contents(id_.store):
            folder = artefact.folder(id_.store, id_.file, state.serving.generation)
            wanted.add(folder)
            if "text" not in found[folder] or len(found[folder]) < 2:
                yield Difference("artefact", folder, "is missing or incomplete")
    for folder in found.keys() - wanted:
        if found[folder]:
            yield Difference("artefact", folder, "is left over")


def _blobs(deployment: Deployment, history: History) -> Iterator[Difference]:
    living = {file: state for file, state in history.files.items() if not state.deleted}
    expected = {blob_key(file, state.sha256) for file, state in living.items()}
    kept = [
        state
        for state in history.batches.values()
        if state.store in history.stores and history.stores[state.store].exists
    ]
    expected |= {state.object for state in kept if state.object}
    found = {key for folder in ("files/", "manifests/") for key in deployment.blobs.list(folder)}
    yield from (Difference("blob", key, "is missing") for key in expected - found)
    yield from (Difference("blob", key, "is left over") for key in found - expected)
