"""Projects many commits with few round trips: rows are read together, and transactions run side by side.

Commits that change no row in common do not wait for each other. Those that do form a chain and are written one after
the other, because DynamoDB refuses a transaction on a row that another one is changing. Usage rows link the stores of a
project into a few chains, so groups of several stores share a transaction. That is only an attempt: if another writer
was first, or a store is closed, each group of it is projected alone, from rows that are read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, wait
from dataclasses import dataclass, field
from functools import partial

from vectorlog.event_log.decision import AnyDecision, is_store_file
from vectorlog.retry import Timing
from vectorlog.views.group_projection import Known, existing, project, read
from vectorlog.views.projection import apply
from vectorlog.views.rows import Rows
from vectorlog.views.table import WRITE_LIMIT, Add, Key, Row, RowClosed, RowConflict, Table, Write

Group = Sequence[AnyDecision]


def project_jointly(table: Table, groups: Sequence[Group], pool: Executor, timing: Timing) -> None:
    """Projects groups of commits, in their order where they change the same rows. Returns or raises when all chains
    have ended.

    Raises:
        Exception: of the first chain that failed. Others may have been projected.
    """
    if len(groups) == 1:
        project(table, groups[0], {}, timing)
        return
    known = read(table, [decision for group in groups for decision in group], {})
    chains = _chains(groups, existing(known))
    _side_by_side(pool, [partial(_project_chain, table, chain, known, timing) for chain in chains])


@dataclass(frozen=True, slots=True)
class _Planned:
    """A group and the writes that follow from the rows as they were read."""

    group: Group
    writes: Sequence[Write]

    @property
    def keys(self) -> set[Key]:
        return {write.key for write in self.writes}

    @property
    def is_of_files(self) -> bool:
        """Whether it has files of one store, so that it may share a transaction with groups of other stores."""
        return all(map(is_store_file, self.group))


@dataclass(slots=True)
class _Pack:
    """Groups that share a transaction."""

    groups: list[_Planned] = field(default_factory=list)
    keys: set[Key] = field(default_factory=set)

    def takes(self, planned: _Planned) -> bool:
        """Whether the group's writes fit with the others. Only commits of files share a transaction: what a commit of a
        store requires of its row would be lost if a later commit wrote the same row.
        """
        if not self.groups:
            return True
        alike = planned.is_of_files and all(each.is_of_files for each in self.groups)
        return alike and len(self.keys | planned.keys) <= WRITE_LIMIT

    def add(self, planned: _Planned) -> None:
        self.groups.append(planned)
        self.keys |= planned.keys


def _chains(groups: Sequence[Group], rows: Mapping[Key, Row]) -> list[list[_Planned]]:
    """Returns the groups that change rows, in chains that have no row in common. A group that changes none is left out:
    it is projected already.
    """
    planned = [made for group in groups if (made := _plan(group, rows)).writes]
    chain_of: dict[Key, list[_Planned]] = {}
    chains: dict[int, list[_Planned]] = {}
    for each in planned:
        met = {id(chain): chain for key in each.keys if (chain := chain_of.get(key)) is not None}
        joined = [*(earlier for chain in met.values() for earlier in chain), each]
        for number in met:
            del chains[number]
        chains[id(joined)] = joined
        chain_of |= {key: joined for other in joined for key in other.keys}
    place = {id(each): number for number, each in enumerate(planned)}
    in_order = (sorted(chain, key=lambda each: place[id(each)]) for chain in chains.values())
    return sorted(in_order, key=lambda chain: place[id(chain[0])])


def _plan(group: Group, read_rows: Mapping[Key, Row]) -> _Planned:
    rows = Rows(read_rows)
    for decision in group:
        apply(decision, rows)
    return _Planned(group, rows.writes())


def _packs(chain: Sequence[_Planned]) -> Iterator[_Pack]:
    pack = _Pack()
    for planned in chain:
        if not pack.takes(planned):
            yield pack
            pack = _Pack()
        pack.add(planned)
    yield pack


def _project_chain(table: Table, chain: Sequence[_Planned], known: Known, timing: Timing) -> None:
    """Projects the groups of a chain, from rows in `known` that none of them has changed meanwhile."""
    changed: set[Key] = set()
    for pack in _packs(chain):
        fresh = {key: row for key, row in known.items() if key not in changed} if changed else known
        if len(pack.groups) == 1:
            project(table, pack.groups[0].group, fresh, timing)
        elif not _project_pack(table, pack, fresh):
            known = {}
            for planned in pack.groups:
                project(table, planned.group, {}, timing)
        changed |= _changed_by(pack)


def _changed_by(pack: _Pack) -> set[Key]:
    """Returns the keys of rows that have to be read again after the pack. Groups of files do not look at counts, so a
    store's row is still good for the next one after an Add.
    """
    if all(each.is_of_files for each in pack.groups):
        return {write.key for each in pack.groups for write in each.writes if not isinstance(write, Add)}
    return pack.keys


def _project_pack(table: Table, pack: _Pack, known: Known) -> bool:
    """Projects groups of several stores in one transaction; False if nothing was written."""
    decisions = [decision for planned in pack.groups for decision in planned.group]
    rows = Rows(existing(read(table, decisions, known)))
    for decision in decisions:
        apply(decision, rows)
    writes = rows.writes()
    if len(writes) > WRITE_LIMIT:
        return False
    try:
        table.write(writes)
    except (RowConflict, RowClosed):
        return False
    return True


def _side_by_side(pool: Executor, steps: Sequence[Callable[[], None]]) -> None:
    """Runs steps in the pool until all have ended; raises the first one's error."""
    if len(steps) == 1:
        steps[0]()
        return
    futures = [pool.submit(step) for step in steps]
    wait(futures)
    for future in futures:
        future.result()
