"""Requests about batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulation.client import CHUNKING, Answer, Sent, pairs
from tests.simulation.model import require
from tests.simulation.places import Batch, Settings
from tests.simulation.sender import Repeatable, Sender
from tests.simulation.steps import Step


class BatchRequests(Sender):
    """Creates, cancels and looks at batches."""

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
            self.named(Batch(label, store.label, seq, settings, about["skip"]), answer, request)
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
