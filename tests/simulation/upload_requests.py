"""Requests about uploaded files."""

from __future__ import annotations

from typing import Literal

from tests.simulation.client import Answer, Sent
from tests.simulation.model import Wrong, require
from tests.simulation.places import File
from tests.simulation.sender import Repeatable, Sender
from tests.simulation.steps import Step


class UploadRequests(Sender):
    """Uploads, looks at and deletes files."""

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
            self.model.delete_file(file, step.number, sure=True)  # it ends what a delete without an answer left
        else:
            self.model.delete_file(file, step.number, sure=False)
        return answer

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
