"""Which changes make what a sync owns in a store equal to its source. Pure: nothing is read or written here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

OWN = frozenset({"source", "path", "sha256", "folder", "extension", "modified", "etag"})
"""Attributes that a sync sets, and removes again where they do not hold any more."""
RETRIED = frozenset({"server_error"})
"""Codes of `last_error` of failures that may not happen again; other ones are of the file itself."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file of the source as the store should have it.

    Attributes:
        path: its place in the source.
        sha256: of its content, in hexadecimal.
        attributes: what the sync says of it, with `source`, `path` and `sha256`.
    """

    path: str
    sha256: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in the store that the sync owns.

    Attributes:
        id: of the file.
        path, sha256: as its attributes say.
        status: as in the API.
        error: the code of `last_error`, or empty.
        reason: what `last_error` says, or empty.
        attributes: all of them.
        created_at: when it was attached, in seconds since 1970.
    """

    id: str
    path: str
    sha256: str
    status: str
    error: str
    reason: str
    attributes: Mapping[str, Any]
    created_at: int


@dataclass(frozen=True, slots=True)
class Add:
    """Upload and attach a file; once it is completed, remove the older versions `old`."""

    wanted: Wanted
    old: tuple[Stored, ...] = ()


@dataclass(frozen=True, slots=True)
class Again:
    """Attach a stored file again, because what made it fail may be gone; then remove `old`."""

    wanted: Wanted
    stored: Stored
    old: tuple[Stored, ...] = ()


@dataclass(frozen=True, slots=True)
class Await:
    """A stored file is being ingested, by an earlier or another sync; once it is completed, remove `old`."""

    stored: Stored
    old: tuple[Stored, ...]


@dataclass(frozen=True, slots=True)
class Retag:
    """Change the attributes of a stored file: it was moved in the source, or what is said of it is other."""

    wanted: Wanted
    stored: Stored

    @property
    def moved(self) -> bool:
        """Whether the path is another."""
        return self.wanted.path != self.stored.path


@dataclass(frozen=True, slots=True)
class Remove:
    """Detach a file that the source does not have any more, or an older version or a copy of one."""

    stored: Stored


@dataclass(frozen=True, slots=True)
class StillFailed:
    """A file whose content could not be read before, and is the same. `old` versions of it go on serving."""

    stored: Stored
    old: tuple[Stored, ...]


Action: TypeAlias = Add | Again | Await | Retag | Remove | StillFailed


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done, by path, and how many files are as they should be."""

    actions: Sequence[Action]
    unchanged: int


@dataclass(slots=True)
class _Open:
    """The plan while it is made."""

    actions: list[Action] = field(default_factory=list)
    unchanged: int = 0


def plan(wanted: Sequence[Wanted], stored: Iterable[Stored], unreadable: Iterable[str]) -> Plan:
    """Compares a source with what the sync owns in the store.

    Args:
        wanted: the files of the source, each path once.
        stored: what the sync owns.
        unreadable: paths of files and, with a slash at the end, of folders of which nothing is known now; what is
            stored for them stays.
    """
    open = _Open()
    by_path: dict[str, list[Stored]] = defaultdict(list)
    for each in sorted(stored, key=lambda each: (each.created_at, each.id)):
        by_path[each.path].append(each)
    in_source = {each.path for each in wanted}
    kept = tuple(unreadable)
    gone = {path: versions for path, versions in by_path.items() if path not in in_source and not _is_below(path, kept)}
    movable: dict[tuple[str, str], list[Stored]] = defaultdict(list)
    for versions in gone.values():
        for each in versions:
            if each.status == "completed":
                movable[each.sha256, _name(each.path)].append(each)
    moved: set[str] = set()
    for file in wanted:
        versions = by_path.get(file.path, [])
        candidates = movable.get((file.sha256, _name(file.path)))
        if not versions and candidates:
            source = candidates.pop(0)
            moved.add(source.id)
            open.actions.append(Retag(file, source))
        else:
            _plan_file(open, file, versions)
    for versions in gone.values():
        open.actions += [Remove(each) for each in versions if each.id not in moved]
    return Plan(open.actions, open.unchanged)


def attributes_after(wanted: Wanted, stored: Stored) -> dict[str, Any]:
    """The attributes of a stored file after a sync: the sync's, and those that others gave it."""
    others = {key: value for key, value in stored.attributes.items() if key not in OWN}
    return {**others, **wanted.attributes}


def _plan_file(open: _Open, wanted: Wanted, versions: Sequence[Stored]) -> None:
    current = [each for each in versions if each.sha256 == wanted.sha256]
    old = tuple(each for each in versions if each.sha256 != wanted.sha256)
    completed = [each for each in current if each.status == "completed"]
    running = [each for each in current if each.status == "in_progress"]
    if completed:
        kept = completed[0]
        open.actions += [Remove(each) for each in versions if each is not kept]
        if attributes_after(wanted, kept) != kept.attributes:
            open.actions.append(Retag(wanted, kept))
        else:
            open.unchanged += 1
    elif running:
        open.actions.append(Await(running[0], tuple(each for each in versions if each is not running[0])))
    elif current:
        last = current[-1]
        others = tuple(each for each in current if each is not last)
        open.actions += [Remove(each) for each in others]
        if last.status == "cancelled" or last.error in RETRIED:
            open.actions.append(Again(wanted, last, old))
        else:
            open.actions.append(StillFailed(last, old))
    else:
        open.actions.append(Add(wanted, old))


def _is_below(path: str, unreadable: Sequence[str]) -> bool:
    """Whether a path is unreadable, or in a folder that is; one of which nothing is known may be a folder."""
    return any(each in ("", path) or path.startswith(f"{each.rstrip('/')}/") for each in unreadable)


def _name(path: str) -> str:
    return path.rpartition("/")[2]
