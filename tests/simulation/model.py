"""A plain model of the API: what must hold after a client's requests, known from requests and answers alone.

There are no events, queues, rows or generations here. Where an answer leaves open what happened (a process died, or a
request failed half-way), the model keeps all possibilities until an answer tells which one it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from tests.simulation import places
from tests.simulation.places import SINGLE, Batch, File, Maybe, Place, Settings, Shown, State
from vectorlog.use_cases import uploaded_files

MOST_STATES = 400
"""A place with more possibilities than this is not checked any more until everything is at rest."""

CHUNKINGS: Mapping[str, tuple[int, int]] = {"auto": (2, 3), "small": (1, 2)}
"""Lines of text in a chunk, by the name of the chunking, of each of the reader's two versions."""


class Wrong(AssertionError):
    """The service broke a promise; the message says how."""


def require(condition: object, message: str) -> None:
    """Raises Wrong unless the condition holds."""
    if not condition:
        raise Wrong(message)


def chunks(text: str, chunking: str, version: int) -> tuple[str, ...]:
    """Returns the chunks into which this version of the simulation's reader cuts a text."""
    lines, size = text.splitlines(keepends=True), CHUNKINGS[chunking][version]
    return tuple("".join(lines[start : start + size]) for start in range(0, len(lines), size))


@dataclass(slots=True)
class Store:
    """A store as its client knows it.

    `names` are those that it may have, each with the uncertain renames that took effect if it has that name. `unshown`
    says whether a delete was not answered, so that the list of stores may not show it.
    """

    label: str
    names: set[tuple[str, frozenset[str]]]
    exists: Maybe = "yes"
    id: str = ""
    owner: str = ""
    at: int = 0
    batch: str | None = None
    unshown: bool = False

    def rename(self, name: str, token: str, *, sure: bool) -> None:
        """The store is renamed by a request that is named `token`, unless an earlier try of it took effect."""
        renamed = {(old if token in done else name, done | {token}) for old, done in self.names}
        if sure:
            self.names = {(each, done - {token}) for each, done in renamed}
        else:
            self.names |= renamed

    def shown(self, name: str) -> None:
        """An answer shows this name.

        Raises:
            Wrong: the store cannot have it.
        """
        kept = {each for each in self.names if each[0] == name}
        require(kept, f"the name of {self.label} is {name}; possible is only {sorted(each for each, _ in self.names)}")
        self.names = kept


@dataclass(slots=True)
class Model:
    """Everything that one history's clients know.

    Attributes:
        lost_files: uploads that may exist under an id that no answer told.
    """

    files: dict[str, File] = field(default_factory=dict)
    stores: dict[str, Store] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)
    places: dict[tuple[str, str], Place] = field(default_factory=dict)
    wild: set[tuple[str, str]] = field(default_factory=set)

    def place(self, store: str, file: str) -> Place:
        """Returns the place of a file in a store, with all states that work may have reached by now."""
        place = self.places.get((store, file))
        if place is None:
            place = Place(self.files[file], store, {State()}, {State()}, dirty=False)
            for other in self.places.values():
                if other.store == store and other.file.text == place.file.text:
                    other.dirty = True  # a batch that skips duplicates may leave it out from now on
            self.places[store, file] = place
        if place.dirty:
            self._close(place)
        return place

    def in_store(self, store: str) -> list[Place]:
        """Returns every place that the store ever had."""
        return [self.place(*key) for key in self.places if key[0] == store]

    def of_file(self, file: str) -> list[Place]:
        """Returns every place that the file ever had."""
        return [self.place(*key) for key in self.places if key[1] == file]

    def is_wild(self, place: Place) -> bool:
        """Whether too much is possible to check the place."""
        return (place.store, place.file.label) in self.wild

    # Commands

    def apply(
        self, place: Place, effect: Callable[[State], State | None], *, token: str = "", sure: bool, key: bool = False
    ) -> None:
        """A command takes effect on a place. None means that a state does not agree with its answer.

        Args:
            place: where.
            effect: of the command on each state in which no batch has yet to reach the file.
            token: names the request, if it may be repeated under its key or may not have taken effect.
            sure: whether it is known to have taken effect.
            key: whether the request may have been tried before under its key.
        """
        settled = [state for state in place.states if not self._waits(state)]
        changed: set[State] = set()
        for state in settled:
            if key and (token in state.done or token in place.forgotten):
                changed.add(state)
            if token not in state.done and (after := effect(state)) is not None:
                changed.add(after if sure or not token else after._replace(done=after.done | {token}))
        if sure:
            place.tried.discard(token)
            place.forgotten.discard(token)
            place.states = {state._replace(done=state.done - {token}) for state in changed} if key else changed
            place.rows = set(place.states)
        else:
            place.states |= changed
            if token:
                place.tried.add(token)
        self._moved(place, f"no state of {place.file.label} in {place.store} agrees with the answer")

    def name_in_batch(self, place: Place, batch: Batch, *, sure: bool) -> None:
        """A batch names a place's file."""
        late = {f"late {batch.label}"} if batch.late_seq else set()
        absent = any(not row.attached and "unreached" not in dict(row.entries).values() for row in place.rows)
        if absent and any(state.attached for state in place.states):
            place.counted_by.add(batch.label)
        entered = {
            state
            if state.entry(batch.label)
            else state._replace(entries=(*state.entries, (batch.label, "unreached")), done=state.done | late)
            for state in place.states
        }
        if sure:
            place.states = entered
            place.rows |= entered
        else:
            place.states |= entered
        self._moved(place, "")

    def cancel(self, batch: Batch, *, sure: bool) -> None:
        """A batch is cancelled."""
        changed = self.of_batch(batch)
        if sure:
            self.resolve_cancel(batch, happened=True)
        elif batch.cancelled == "no":
            batch.cancelled = "maybe"
        for place in changed:
            place.dirty = True

    def resolve_cancel(self, batch: Batch, *, happened: bool) -> None:
        """It turns out whether a batch is cancelled."""
        changed, before = self.of_batch(batch), batch.cancelled  # closed before the cancel
        batch.cancelled = "yes" if happened else "no"
        if before == "maybe":
            self._resolve(changed, f"cancel {batch.label}", happened=happened)
        elif (before == "yes") != happened:
            for place in changed:
                place.dirty = True

    def delete_file(self, file: File, seq: int, *, sure: bool) -> None:
        """An uploaded file is deleted, and leaves every store: before the answer, or soon after it those stores that
        are too many for one step, or of which an attach that was not answered may have written no row.
        """
        changed = self.of_file(file.label)
        if sure:
            self.resolve_delete(file, happened=True)
            attached = [place for place in changed if any(state.attached for state in place.states)]
            for place in changed:
                detached = {places.detach(state, seq, "failed") for state in place.states}
                if len(attached) <= uploaded_files.DETACH_STEP and all(state.attached for state in place.rows):
                    place.states = detached
                else:
                    place.states |= detached
                place.rows = set(place.states)
            file.unshown = False
        elif file.deleted == "no":
            file.deleted, file.unshown = "maybe", True
        for place in changed:
            place.dirty = True

    def resolve_delete(self, file: File, *, happened: bool) -> None:
        """It turns out whether a file is deleted."""
        changed, before = self.of_file(file.label), file.deleted
        file.deleted = "yes" if happened else "no"
        if before == "maybe":
            self._resolve(changed, f"delete {file.label}", happened=happened)

    def resolve_batch(self, batch: Batch, *, happened: bool) -> None:
        """It turns out whether a batch was created."""
        before, batch.exists = batch.exists, "yes" if happened else "no"
        if before != "maybe":
            return
        for place in self.of_batch(batch):
            place.states = {state for state in place.states if bool(state.entry(batch.label)) == happened}
            self._moved(place, f"{batch.label} turns out to {'exist' if happened else 'be missing'}")

    def of_batch(self, batch: Batch) -> list[Place]:
        """Returns the places of a batch's files."""
        return [self.place(batch.store, file) for file in batch.settings if (batch.store, file) in self.places]

    def fails_from_now(self, reached: Iterable[tuple[str, str]]) -> None:
        """From now on an ingest of these files may fail although their content is good."""
        for place in [self.place(*key) for key in reached]:
            if not place.may_fail:
                place.may_fail, place.dirty = True, True

    # Observations

    def keep(self, place: Place, wanted: Callable[[State], bool], message: str) -> None:
        """An answer leaves only the states that agree with it.

        Raises:
            Wrong: there is none.
        """
        if self.is_wild(place):
            return
        kept = {state for state in place.states if wanted(state)}
        if not kept:
            possible = sorted({str(each) for state in place.states for each in self.shown(place, state)})
            raise Wrong(f"{message}; possible is only: {' or '.join(possible)}")
        if len(kept) < len(place.states):
            place.states, place.dirty = kept, True  # work may have gone on since

    def shown(self, place: Place, state: State) -> tuple[Shown, ...]:
        """See `places.shown`."""
        return places.shown(state, place, self.batches)

    def listed(self, place: Place, state: State) -> tuple[Shown, ...]:
        """See `places.listed`."""
        return places.listed(state, place, self.batches)

    def is_crowded(self, store: str, file: str, most: int) -> bool:
        """Whether so many batches wait for the place that more would make too much possible."""
        place = self.places.get((store, file))
        if place is None:
            return False
        waiting = {
            name for state in place.states for name, outcome in state.entries if outcome in ("unreached", "open")
        }
        return len(waiting) >= most or len(place.states) > MOST_STATES // 4

    def seen(self, place: Place, answer: Shown) -> None:
        """A GET has shown this."""
        self.keep(
            place,
            lambda state: answer in self.shown(place, state),
            f"{place.file.label} in {place.store} is shown as {answer}",
        )

    def in_rows(self, place: Place) -> set[Shown]:
        """Returns what a list may show of a place."""
        return {each for state in place.states | place.rows for each in self.listed(place, state)}

    def at_rest(self, place: Place) -> None:
        """No work is left: only what has ended is possible.

        Raises:
            Wrong: no state of the place has ended.
        """
        place.rows.clear()
        place.unshown = place.file.unshown = place.untagged = False
        place.counted_by.clear()
        gone = place.file.deleted == "yes"
        self.keep(
            place,
            lambda state: state.ended and not (gone and state.attached),
            f"{place.file.label} in {place.store} never ends",
        )

    def forget(self) -> None:
        """Everything is at rest and was looked at: old batches have no further effect, and what was too much to check
        is known again.
        """
        for batch in self.batches.values():
            if batch.exists == "yes" and batch.ended is None and batch.counts.get("in_progress") == 0:
                batch.ended = batch.counts
        for place in self.places.values():
            place.states = {
                state._replace(
                    entries=tuple((name, outcome) for name, outcome in state.entries if not self.batches[name].ended)
                )
                for state in place.states
            }
            place.rows = set(place.states)
            place.dirty = True

    def tame(self, place: Place, answer: Shown) -> None:
        """At rest, a GET shows a place of which too much was possible: it is known again, if it tells everything."""
        if answer is None:
            place.states = {State()}
        elif answer[0] == "completed":
            place.states = {State(attached=True, status="completed", asked=answer[1], serving=answer[1])}
        else:
            return  # an older ingest may still serve
        place.forgotten = set(place.tried)
        for batch in self.batches.values():
            if batch.store == place.store and place.file.label in batch.settings:
                batch.untracked.add(place.file.label)
        place.rows, place.dirty = set(place.states), True
        self.wild.discard((place.store, place.file.label))

    # Internals

    def _waits(self, state: State) -> bool:
        """Whether a batch has yet to reach the file, of which the service knows for sure."""
        return any(outcome == "unreached" and self.batches[name].exists == "yes" for name, outcome in state.entries)

    def _moved(self, place: Place, message: str) -> None:
        if not place.states:
            if self.is_wild(place):
                place.states = {State()}
            else:
                raise Wrong(message)
        place.dirty = True

    def _close(self, place: Place) -> None:
        """Adds all states that work may reach, and that rows may then show."""
        if self.is_wild(place):
            place.dirty = False
            return
        duplicate = self._has_duplicate(place)
        for states in (place.states, place.rows):
            waiting = list(states)
            while waiting:
                for after in places.moves(waiting.pop(), place, self.batches, duplicate=duplicate):
                    if after not in states:
                        states.add(after)
                        waiting.append(after)
                if len(states) > MOST_STATES:
                    self.wild.add((place.store, place.file.label))
                    break
        place.dirty = False

    def _has_duplicate(self, place: Place) -> bool:
        """Whether another file with the same content may be in the store."""
        return any(
            other.store == place.store and other.file is not place.file and other.file.text == place.file.text
            for other in self.places.values()
        )

    def _resolve(self, changed: Collection[Place], token: str, *, happened: bool) -> None:
        """It turned out whether an uncertain request took effect; if it did, work may not have come to this yet."""
        for place in changed:
            if not happened:
                place.states = {state for state in place.states if token not in state.done}
            place.states = {state._replace(done=state.done - {token}) for state in place.states}
            self._moved(place, f"it turned out that '{token}' happened: {happened}")


def attach(settings: Settings, seq: int) -> Callable[[State], State]:
    """Returns the effect of a direct attach."""
    return lambda state: places.attach(state, SINGLE, settings, seq, newest=True)


def detach(seq: int) -> Callable[[State], State | None]:
    """Returns the effect of a detach that was answered; it does not agree with a state in which nothing is there."""
    return lambda state: places.detach(state, seq) if state.attached else None


def change(attributes: tuple[tuple[str, object], ...], seq: int) -> Callable[[State], State | None]:
    """Returns the effect of an answered change of attributes."""
    return lambda state: places.change(state, attributes, seq) if state.attached else None
