"""The requests of a history: each is sent, and its answer is compared with the model and tells the model more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tests.simulation import model as effects
from tests.simulation.client import CHUNKING, Answer, Client, Sent, pairs, shown_of
from tests.simulation.model import Model, Store, Wrong, require
from tests.simulation.places import Batch, File, Place, Settings, State
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


class Requests:
    """Sends the requests of a history's steps."""

    def __init__(self, world: World, model: Model, client: Client) -> None:
        self.world = world
        self.model = model
        self.client = client
        self.repeatable: dict[int, Repeatable] = {}
        self.behind = False
        self._newest_at = 0

    def begin(self) -> None:
        """A request begins: notes whether the clock shows a time at which, or after which, another one began."""
        now = self.world.clock.now
        self.behind = now <= self._newest_at
        self._newest_at = max(self._newest_at, now)

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

    # Uploaded files

    def upload(self, step: Step) -> Answer:
        about, label = step.about, f"f{step.number}"
        text = about["text"]
        kind: Literal["good", "bad"] = "bad" if text.startswith(("damaged", "deadly", "refused")) else "good"

        def judge(answer: Answer, request: Repeatable, seq: int) -> None:
            made = self.model.files.get(label)
            if made is None:
                made = File(label, kind, text, exists="maybe", owner=about["actor"])
                self.model.files[label] = made
            if answer.ok:
                if made.id:
                    require(made.id == answer.body["id"], f"a repeated upload made another file: {answer.body['id']}")
                else:
                    made.id, made.exists = answer.body["id"], "yes"
            elif answer.status == 404 and request.done:
                require(made.deleted != "no", f"{label} exists, and its repeated upload says that it does not")
            elif answer.sure:
                raise Wrong(f"the upload was refused: {answer}")

        sent = Sent(about["actor"], "POST", "/files", key=about["key"], upload=(f"{label}.txt", text))
        return self.first(step, sent, judge)

    def delete_file(self, step: Step) -> Answer:
        file = self.file(step.about["file"])
        answer = self.client.send(Sent(step.about["actor"], "DELETE", f"/files/{file.id}"))
        if not self.sees(step.about["actor"], file.owner):
            self.hidden(answer)
        elif answer.ok:
            require(file.deleted != "yes", f"{file.label} was deleted, and is deleted again")
            self.model.delete_file(file, step.number, sure=True)
        elif answer.status == 404:
            require(file.deleted != "no", f"{file.label} exists, and its delete says that it does not")
            self.model.delete_file(file, step.number, sure=True)
        else:
            self.model.delete_file(file, step.number, sure=False)
        return answer

    # Stores

    def create(self, step: Step) -> Answer:
        about, label = step.about, f"s{step.number}"
        files = [self.file(each) for each in about["files"]]
        settings = Settings((), about["chunking"])
        at = self.world.clock.now

        def judge(answer: Answer, request: Repeatable, seq: int) -> None:
            made = self.model.stores.get(label)
            if made is None:
                made = Store(label, {label}, exists="maybe", owner=about["actor"], at=at)
                self.model.stores[label] = made
            if answer.status == 404 and request.done:
                require(made.exists != "yes", f"{label} exists, and its repeated create says that it does not")
                return
            if answer.status == 404:
                self.missing_file(files, request)
                return
            if answer.sure and not answer.ok:
                raise Wrong(f"the store was refused: {answer}")
            if answer.ok:
                if made.id:
                    require(made.id == answer.body["id"], "a repeated create made another store")
                else:
                    made.id, made.exists = answer.body["id"], "yes"
                    require(answer.body["file_counts"]["total"] == len(files), f"a new store has {answer.body}")
            if files and made.exists != "no":
                self._named(Batch(f"b{seq0}", label, seq, {each.label: settings for each in files}), answer, request)

        seq0 = step.number
        body: dict[str, object] = {"name": label, "file_ids": [each.id for each in files]}
        if files:
            body["chunking_strategy"] = CHUNKING[about["chunking"]]
        sent = Sent(about["actor"], "POST", "/vector_stores", body, about["key"])
        return self.first(step, sent, judge)

    def modify(self, step: Step) -> Answer:
        about, store = step.about, self.store(step.about["store"])
        name = f"name {step.number}"

        def judge(answer: Answer, request: Repeatable, seq: int) -> None:
            if self.gone(store, answer, about["actor"]):
                return
            if not answer.ok:
                require(not answer.sure, f"the change of a name was refused: {answer}")
                store.names.add(name)
            elif not request.done:
                store.names = {name}
            require(not answer.ok or answer.body["name"] in store.names, f"the store's name is {answer.body}")

        sent = Sent(about["actor"], "POST", f"/vector_stores/{store.id}", {"name": name}, about["key"])
        return self.first(step, sent, judge)

    def delete_store(self, step: Step) -> Answer:
        store, actor = self.store(step.about["store"]), step.about["actor"]
        answer = self.client.send(Sent(actor, "DELETE", f"/vector_stores/{store.id}"))
        if not self.sees(actor, store.owner):
            self.hidden(answer)
        elif answer.sure:
            require(answer.status in (200, 404), f"the delete was refused: {answer}")
            require(not answer.ok or store.exists != "no", f"{store.label} was deleted, and is deleted again")
            require(answer.ok or store.exists != "yes", f"{store.label} exists, and its delete says that it does not")
            self.store_gone(store)
        elif store.exists == "yes":
            store.exists = "maybe"
        return answer

    # Files in stores

    def attach(self, step: Step) -> Answer:
        about = step.about
        store, file = self.store(about["store"]), self.file(about["file"])
        settings = Settings(pairs(about["attributes"]), about["chunking"])
        token = f"attach {step.number}"

        def judge(answer: Answer, request: Repeatable, seq: int) -> None:
            if self.gone(store, answer, about["actor"]):
                return
            place = self.model.place(store.label, file.label)
            if not self.sees(about["actor"], file.owner):
                self.hidden(answer)
            elif answer.status == 404:
                if request.done and self.may_be_out(place):
                    return
                require(file.deleted != "no", f"{file.label} exists, and the attach says that it does not")
                self.model.resolve_delete(file, happened=True)
            elif answer.ok:
                effect = effects.attach(settings, seq)
                if request.done:
                    self._tolerate_undone(place, effect)
                    self._repeated_attach(place, answer)
                    return
                self.exists(file)
                self.model.apply(place, effect, token=token, sure=True, key=request.tried)
                self.model.seen(place, shown_of(answer.body))
            else:
                require(not answer.sure, f"the attach was refused: {answer}")
                if not request.done:
                    effect = effects.attach(settings, seq)
                    self.model.apply(place, effect, token=token if request.sent.key else "", sure=False, key=True)

        body = {
            "file_id": file.id,
            "attributes": dict(about["attributes"]),
            "chunking_strategy": CHUNKING[about["chunking"]],
        }
        sent = Sent(about["actor"], "POST", f"/vector_stores/{store.id}/files", body, about["key"])
        return self.first(step, sent, judge)

    def _tolerate_undone(self, place: Place, effect: Callable[[State], State | None]) -> None:
        if "keys of nothing" in self.model.tolerated:
            self.model.apply(place, effect, sure=False)

    def _repeated_attach(self, place: Place, answer: Answer) -> None:
        if self.model.is_wild(place):
            return
        possible = {each for state in place.states for each in self.model.shown(place, state)}
        require(
            shown_of(answer.body) in possible,
            f"an attach that was repeated under its key answers {shown_of(answer.body)}; possible is {possible}",
        )

    def change(self, step: Step) -> Answer:
        about = step.about
        store, file = self.store(about["store"]), self.file(about["file"])
        attributes, token = pairs(about["attributes"]), f"change {step.number}"

        def judge(answer: Answer, request: Repeatable, seq: int) -> None:
            if self.gone(store, answer, about["actor"]):
                return
            place = self.model.place(store.label, file.label)
            effect = effects.change(attributes, seq)
            if answer.ok and file.deleted == "yes" and "writes to leaving files" in self.model.tolerated:
                return
            if answer.status == 404:
                if not request.done:
                    self._is_out(place, answer)
            elif answer.ok:
                if request.done:
                    self._tolerate_undone(place, effect)
                else:
                    self.model.apply(place, effect, token=token, sure=True, key=request.tried)
                    require(pairs(answer.body["attributes"]) == attributes, f"the change answers {answer.body}")
            else:
                require(not answer.sure, f"the change was refused: {answer}")
                if not request.done:
                    self.model.apply(place, effect, token=token if request.sent.key else "", sure=False, key=True)

        path = f"/vector_stores/{store.id}/files/{file.id}"
        sent = Sent(about["actor"], "POST", path, {"attributes": dict(about["attributes"])}, about["key"])
        return self.first(step, sent, judge)

    def detach(self, step: Step) -> Answer:
        about = step.about
        store, file = self.store(about["store"]), self.file(about["file"])
        answer = self.client.send(Sent(about["actor"], "DELETE", f"/vector_stores/{store.id}/files/{file.id}"))
        if self.gone(store, answer, about["actor"]):
            return answer
        place = self.model.place(store.label, file.label)
        if answer.ok and file.deleted == "yes" and "writes to leaving files" in self.model.tolerated:
            return answer
        if answer.ok:
            self.model.apply(place, effects.detach(step.number), sure=True)
        elif answer.status == 404:
            self._is_out(place, answer)
        else:
            require(not answer.sure, f"the detach was refused: {answer}")
            self.model.apply(place, effects.detach(step.number), sure=False)
        return answer

    def look(self, step: Step) -> Answer:
        """GET of a file in a store."""
        store, file = self.store(step.about["store"]), self.file(step.about["file"])
        actor = step.about["actor"]
        answer = self.client.send(Sent(actor, "GET", f"/vector_stores/{store.id}/files/{file.id}"))
        if not self.gone(store, answer, actor) and answer.sure:
            place = self.model.place(store.label, file.label)
            if answer.ok:
                self.model.seen(place, shown_of(answer.body))
            elif not (self.overtaken() and "reads beside a fan-out" in self.model.tolerated):
                self._is_out(place, answer)
        return answer

    def overtaken(self) -> bool:
        """Whether another worker's step ran in the middle of this request."""
        return "meanwhile" in self.world.faults.met

    def _is_out(self, place: Place, answer: Answer) -> None:
        require(answer.status == 404, f"the request was refused: {answer}")
        self.model.seen(place, None)

    def may_be_out(self, place: Place) -> bool:
        """Whether the file may not be in the store."""
        return self.model.is_wild(place) or any(None in self.model.shown(place, state) for state in place.states)

    # Batches

    def attach_batch(self, step: Step) -> Answer:
        about, label = step.about, f"b{step.number}"
        store = self.store(about["store"])
        files = [self.file(name) for name, _, _ in about["items"]]
        settings = {name: Settings(pairs(attributes), chunking) for name, attributes, chunking in about["items"]}

        def judge(answer: Answer, request: Repeatable, seq: int) -> None:
            if self.gone(store, answer, about["actor"]):
                return
            if answer.status == 404:
                self.missing_file(files, request)
                return
            require(answer.ok or not answer.sure, f"the batch was refused: {answer}")
            if answer.ok:
                counts = answer.body["file_counts"]
                require(counts["total"] == len(files), f"a batch of {len(files)} files has counts {counts}")
                if not request.tried:  # a delete that was not answered may still take effect, after the batch
                    for file in files:
                        require(file.deleted != "yes", f"{file.label} is deleted, and a batch with it was answered")
            self._named(Batch(label, store.label, seq, settings, about["skip"]), answer, request)
            if answer.ok:
                self.model.batches[label].id = answer.body["id"]

        listed = [
            {"file_id": file.id, "attributes": dict(attributes), "chunking_strategy": CHUNKING[chunking]}
            for file, (_, attributes, chunking) in zip(files, about["items"], strict=True)
        ]
        body: dict[str, object] = {"files": listed}
        if about["skip"]:
            body["skip_duplicates"] = True
        sent = Sent(about["actor"], "POST", f"/vector_stores/{store.id}/file_batches", body, about["key"])
        return self.first(step, sent, judge)

    def _named(self, made: Batch, answer: Answer, request: Repeatable) -> None:
        """A batch names its files; it may have done so before, under its key."""
        batch = self.model.batches.get(made.label)
        if batch is None:
            made.fuzzy = self.behind
            made.may_be_lost = self.behind and "batches after a detach" in self.model.tolerated
            batch = self.model.batches[made.label] = made
        elif batch.exists == "yes":
            return
        else:
            batch.fuzzy, batch.late_seq = True, made.seq  # created at the first try or at this one
        for file in batch.settings:
            self.model.name_in_batch(self.model.place(batch.store, file), batch, sure=answer.ok)
        batch.exists = "yes" if answer.ok else "maybe"

    def cancel(self, step: Step) -> Answer:
        batch, actor = self.batch(step.about["batch"]), step.about["actor"]
        store = self.store(batch.store)
        path = f"/vector_stores/{store.id}/file_batches/{batch.id}/cancel"
        answer = self.client.send(Sent(actor, "POST", path))
        if self.gone(store, answer, actor):
            return answer
        if answer.ok:
            self.model.cancel(batch, sure=answer.body["status"] == "cancelled")
            if answer.body["status"] != "cancelled":
                self.model.resolve_cancel(batch, happened=False)
            self.batch_counts(batch, answer.body)
        else:
            require(not answer.sure, f"the cancel was refused: {answer}")
            if batch.cancelled == "no":
                self.model.cancel(batch, sure=False)
        return answer

    def look_batch(self, step: Step) -> Answer:
        """GET of a batch."""
        batch, actor = self.batch(step.about["batch"]), step.about["actor"]
        store = self.store(batch.store)
        answer = self.client.send(Sent(actor, "GET", f"/vector_stores/{store.id}/file_batches/{batch.id}"))
        if not self.gone(store, answer, actor) and answer.sure:
            require(answer.ok, f"{batch.label} is not shown: {answer}")
            if batch.cancelled == "maybe" or (answer.body["status"] == "cancelled") != (batch.cancelled == "yes"):
                require(batch.cancelled == "maybe", f"{batch.label} is {answer.body['status']}")
                self.model.resolve_cancel(batch, happened=answer.body["status"] == "cancelled")
            self.batch_counts(batch, answer.body)
        return answer

    def batch_counts(self, batch: Batch, body: Mapping[str, Any]) -> None:
        """Checks a batch's counts, and learns from them."""
        counts = body["file_counts"]
        require(batch.ended is None or counts == batch.ended, f"{batch.label} ended with {batch.ended}, now {counts}")
        parts = {name: counts[name] for name in ("in_progress", "completed", "failed", "cancelled")}
        require(
            sum(parts.values()) == counts["total"] == len(batch.settings) and min(parts.values()) >= 0,
            f"the counts of {batch.label} with {len(batch.settings)} files are {counts}",
        )
        if batch.ended is not None:
            return
        reached = [
            place
            for place in self.model.of_batch(batch)
            if not self.model.is_wild(place) and place.file.label not in batch.untracked
        ]
        wild = len(batch.settings) - len(reached)
        for outcome in ("completed", "failed", "cancelled"):
            possible = sum(any(state.entry(batch.label) == outcome for state in place.states) for place in reached)
            require(
                parts[outcome] <= possible + wild,
                f"{batch.label} counts {parts[outcome]} {outcome} files; at most {possible} can be",
            )
            before = batch.least.get(outcome, 0)
            require(
                parts[outcome] >= before,
                f"{batch.label} counted {before} {outcome} files, and now {parts[outcome]}",
            )
            batch.least[outcome] = parts[outcome]
        batch.counts = dict(counts)
        if parts["in_progress"] == 0:
            for place in reached:
                self.model.keep(
                    place,
                    lambda state: state.entry(batch.label) not in ("unreached", "open", None),
                    f"{batch.label} says that {place.file.label} has ended",
                )

    # What an answer says about the existence of things

    def exists(self, file: File) -> None:
        """An answer shows that a file exists."""
        require(file.deleted != "yes", f"{file.label} is deleted, and a request that needs it was answered")
        if file.deleted == "maybe":
            self.model.resolve_delete(file, happened=False)

    def look_file(self, step: Step) -> Answer:
        """GET of an uploaded file."""
        file, actor = self.file(step.about["file"]), step.about["actor"]
        answer = self.client.send(Sent(actor, "GET", f"/files/{file.id}"))
        if not self.sees(actor, file.owner):
            self.hidden(answer)
        elif answer.ok:
            self.exists(file)
        elif answer.sure:
            require(file.deleted != "no", f"{file.label} exists, and a GET says that it does not: {answer}")
            self.model.resolve_delete(file, happened=True)
        return answer

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
