"""Sends the requests of a history, and learns from what their answers say about the existence of things."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.simulation.client import Answer, Client, Sent
from tests.simulation.model import Model, Store, require
from tests.simulation.places import Batch, File
from tests.simulation.steps import Step
from tests.simulation.world import World


class Skipped(Exception):
    """The step cannot be done, because a step that it needs was left out or its thing is gone."""


@dataclass(slots=True)
class Repeatable:
    """A request under a key: what it was, how to judge its answer, and whether it is known to have taken effect."""

    sent: Sent
    judge: Callable[[Answer, Repeatable, int], None]
    done: bool = False
    tried: bool = False


class Sender:
    """Sends the requests of a history's steps."""

    def __init__(self, world: World, model: Model, client: Client) -> None:
        self.world = world
        self.model = model
        self.client = client
        self.repeatable: dict[int, Repeatable] = {}

    # The things of a step

    def store(self, label: str) -> Store:
        found = self.model.stores.get(label)
        if found is None or not found.id:
            raise Skipped
        return found

    def file(self, label: str) -> File:
        found = self.model.files.get(label)
        if found is None or not found.id:
            raise Skipped
        return found

    def batch(self, label: str) -> Batch:
        found = self.model.batches.get(label)
        if found is None or not found.id:
            raise Skipped
        return found

    # Sending

    def repeat(self, number: int, seq: int) -> Answer:
        """Sends a request again under its key."""
        again = self.repeatable.get(number)
        if again is None:
            raise Skipped
        answer = self.client.send(again.sent)
        again.judge(answer, again, seq)
        again.tried, again.done = True, again.done or answer.ok
        return answer

    def first(self, step: Step, sent: Sent, judge: Callable[[Answer, Repeatable, int], None]) -> Answer:
        """Sends a request for the first time."""
        once = Repeatable(sent, judge)
        answer = self.client.send(sent)
        judge(answer, once, step.number)
        once.tried, once.done = True, answer.ok
        if sent.key:
            self.repeatable[step.number] = once
        return answer

    def named(self, made: Batch, answer: Answer, request: Repeatable) -> None:
        """A batch names its files; it may have done so before, under its key."""
        batch = self.model.batches.get(made.label)
        if batch is None:
            made.fuzzy = not answer.ok  # without an answer, it may take effect at any later time
            made.unanswered = not answer.ok
            batch = self.model.batches[made.label] = made
        elif batch.exists == "yes":
            return
        else:
            batch.fuzzy, batch.late_seq = True, made.seq  # created at the first try or at this one
        for file in batch.settings:
            self.model.name_in_batch(self.model.place(batch.store, file), batch, sure=answer.ok)
        batch.exists = "yes" if answer.ok else "maybe"

    # What an answer says about the existence of things

    def exists(self, file: File) -> None:
        """An answer shows that a file exists."""
        require(file.deleted != "yes", f"{file.label} is deleted, and a request that needs it was answered")
        if file.deleted == "maybe":
            self.model.resolve_delete(file, happened=False)

    @staticmethod
    def sees(actor: str, owner: str) -> bool:
        """Whether a caller may see what another one owns: its project's things, or its end user's own."""
        return owner == actor or ("/" not in actor and owner.split("/")[0] == actor)

    @staticmethod
    def hidden(answer: Answer) -> None:
        """The caller may not see the thing."""
        require(not answer.ok, "a stranger was answered")
        require(answer.status in (404, 0) or answer.status >= 500, f"a stranger was told more than 404: {answer}")

    def gone(self, store: Store, answer: Answer, actor: str) -> bool:
        """Whether the request did nothing because its store is gone or hidden; learns from it.

        Raises:
            Wrong: the store exists and is said not to, or the other way round.
        """
        if not self.sees(actor, store.owner):
            self.hidden(answer)
            return True
        if answer.status == 404 and answer.param == "vector_store_id":
            require(store.exists != "yes", f"{store.label} exists, and an answer says that it does not")
            self.store_gone(store)
            return True
        if answer.ok:
            require(store.exists != "no", f"{store.label} is deleted, and a request to it was answered")
            store.exists = "yes"
        return store.exists == "no"

    def store_gone(self, store: Store) -> None:
        """A store is deleted, with everything in it."""
        store.exists = "no"
        for key in [key for key in self.model.places if key[0] == store.label]:
            del self.model.places[key]

    def missing_file(self, files: Sequence[File], request: Repeatable) -> None:
        """An answer says that one of these files does not exist."""
        require(not request.done, "a repeated request says that a file does not exist")
        deleted = [file for file in files if file.deleted != "no"]
        require(deleted, "all files exist, and an answer says that one does not")
        if len(deleted) == 1:
            self.model.resolve_delete(deleted[0], happened=True)
