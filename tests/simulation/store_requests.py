"""Requests about stores."""

from __future__ import annotations

from tests.simulation import store_counts
from tests.simulation.client import CHUNKING, Answer, Sent
from tests.simulation.model import Store, Wrong, require
from tests.simulation.places import Batch, Settings
from tests.simulation.sender import Repeatable, Sender
from tests.simulation.steps import Step


class StoreRequests(Sender):
    """Creates, renames, shares and deletes stores."""

    def create(self, step: Step) -> Answer:
        about, label = step.about, f"s{step.number}"
        files = [self.file(each) for each in about["files"]]
        settings = Settings((), about["chunking"])
        at = self.world.clock.now

        def judge(answer: Answer, request: Repeatable, seq: int) -> None:
            made = self.model.stores.get(label)
            if made is None:
                made = Store(label, {(label, frozenset())}, exists="maybe", owner=about["actor"], at=at)
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
                    # Files that were deleted since the first try may have left the store, and no others.
                    deleted = sum(file.deleted != "no" for file in files) if request.tried else 0
                    total = answer.body["file_counts"]["total"]
                    require(len(files) - deleted <= total <= len(files), f"a new store has {answer.body}")
            if files and made.exists != "no":
                self.named(Batch(f"b{seq0}", label, seq, {each.label: settings for each in files}), answer, request)
            if answer.ok:
                store_counts.check(self.model, made, answer.body["file_counts"])

        seq0 = step.number
        body: dict[str, object] = {"name": label, "file_ids": [each.id for each in files]}
        if files:
            body["chunking_strategy"] = CHUNKING[about["chunking"]]
        sent = Sent(about["actor"], "POST", "/vector_stores", body, about["key"])
        return self.first(step, sent, judge)

    def modify(self, step: Step) -> Answer:
        about, store = step.about, self.store(step.about["store"])
        name, token = f"name {step.number}", f"rename {step.number}"

        def judge(answer: Answer, request: Repeatable, seq: int) -> None:
            if self.gone(store, answer, about["actor"]):
                return
            require(answer.ok or not answer.sure, f"the change of a name was refused: {answer}")
            if not request.done:
                store.rename(name, token, sure=answer.ok)
            if answer.ok:  # the name that it has now, which a later request may have given it
                store.shown(answer.body["name"])
                store_counts.check(self.model, store, answer.body["file_counts"])

        sent = Sent(about["actor"], "POST", f"/vector_stores/{store.id}", {"name": name}, about["key"])
        return self.first(step, sent, judge)

    def share(self, step: Step) -> Answer:
        """Grants a role to an end user who asks for nothing, or takes it back: the lists must agree with the log."""
        about, store = step.about, self.store(step.about["store"])
        path, role = f"/vector_stores/{store.id}/permissions", about["role"]
        sent = Sent(about["actor"], "DELETE", f"{path}/{about['user']}")
        if role:
            sent = Sent(about["actor"], "POST", path, {"user_id": about["user"], "role": role})
        answer = self.client.send(sent)
        if not self.gone(store, answer, about["actor"]) and answer.sure:
            held = answer.ok or (not role and answer.param == "user_id")
            require(held, f"the change of a permission was refused: {answer}")
        return answer

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
            store.unshown = False  # also if it ended what a delete without an answer left
        elif store.exists == "yes":
            store.exists, store.unshown = "maybe", True
        return answer
