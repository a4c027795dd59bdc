"""Requests about files in stores."""

from __future__ import annotations

from tests.simulation import model as effects
from tests.simulation.client import CHUNKING, Answer, Sent, pairs, shown_of
from tests.simulation.model import require
from tests.simulation.places import Place, Settings
from tests.simulation.sender import Repeatable, Sender
from tests.simulation.steps import Step


class PlaceRequests(Sender):
    """Attaches, changes, detaches and looks at files in stores."""

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
                if (request.done or request.tried) and self.may_be_out(place):
                    return
                require(file.deleted != "no", f"{file.label} exists, and the attach says that it does not")
                self.model.resolve_delete(file, happened=True)
            elif answer.ok:
                effect = effects.attach(settings, seq)
                if request.done:
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
            if answer.status == 404:
                if not request.done:
                    self._is_out(place, answer)
            elif answer.ok:
                place.untagged = bool(self.world.faults.met) or self.world.faults.full
                if not request.done:
                    self.model.apply(place, effect, token=token, sure=True, key=request.tried)
                    if not request.tried:  # else it may have taken effect before a later request
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
        if answer.ok:
            self.model.apply(place, effects.detach(step.number), sure=True)
        elif answer.status == 404:
            self._is_out(place, answer)
        else:
            require(not answer.sure, f"the detach was refused: {answer}")
            self.model.apply(place, effects.detach(step.number), sure=False)
            place.unshown = True
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
            else:
                self._is_out(place, answer)
        return answer

    def _is_out(self, place: Place, answer: Answer) -> None:
        require(answer.status == 404, f"the request was refused: {answer}")
        self.model.seen(place, None)

    def may_be_out(self, place: Place) -> bool:
        """Whether the file may not be in the store."""
        return self.model.is_wild(place) or any(None in self.model.shown(place, state) for state in place.states)
