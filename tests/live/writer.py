"""A client that writes without a pause, and checks what it reads against what it knows."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from typing import Any

from tests.live.journal import Answer, Line
from tests.live.known import Attached, Attributes, Batch, Store, Upload

SIZES = (1, 2, 7, 40, 101)
"""How many files a batch has, at most: 101 is one more than are attached before the answer."""
RETRY_S = 0.05


class Writer(threading.Thread):
    """Writes until `enough` is set. What it finds wrong is in `fault`.

    Attributes:
        lost: names of uploads and stores whose answers were lost: each exists once or not at all.
    """

    def __init__(self, number: int, line: Line, mark: str, shared: str, seed: int) -> None:
        super().__init__(name=f"writer-{number}", daemon=True)
        self.line = line
        self.mark = mark
        self.uploads: list[Upload] = []
        self.stores = [Store(shared, "shared", shared=True)]
        self.batches: list[Batch] = []
        self.lost: set[str] = set()
        self.enough = threading.Event()
        self.fault: BaseException | None = None
        self._made = 0
        self._number = number
        self._random = random.Random(seed * 100 + number)

    def run(self) -> None:
        acts: Sequence[Callable[[], None]] = (
            *(self._upload, self._attach, self._batch, self._change, self._detach, self._delete_file),
            *(self._make_store, self._delete_store, self._look, self._search, self._refused),
        )
        weights = (30, 20, 9, 10, 7, 5, 4, 2, 12, 12, 2)
        try:
            while not self.enough.is_set():
                self._random.choices(acts, weights)[0]()
        except BaseException as error:  # noqa: BLE001  # the test raises it
            self.fault = error

    def _call(self, method: str, path: str, body: Any = None, upload: tuple[str, bytes] | None = None) -> Answer:
        """Sends a write. A third of all POSTs have a key, and are repeated until they are answered, some once more."""
        if method != "POST" or self._random.random() < 0.67:
            answer = self.line.request(method, path, body, upload)
            self._pause(answer)
            return answer
        key = self._unique("key")
        while not (answer := self.line.request(method, path, body, upload, key)).done:
            assert answer.outcome != "refused", f"{method} {path}: {answer}"
            self._pause(answer)
        if self._random.random() < 0.2:
            again = self.line.request(method, path, body, upload, key)
            assert not again.done or again.body["id"] == answer.body["id"], f"{key} had two effects"
        return answer

    def _pause(self, answer: Answer) -> None:
        if answer.outcome in ("unsent", "unknown"):
            threading.Event().wait(RETRY_S)  # the server is down

    def _unique(self, kind: str) -> str:
        self._made += 1
        return f"{self.mark}{kind}{self._number}n{self._made}"

    def _upload(self) -> None:
        word = self._unique("file")
        empty = self._random.random() < 0.04
        text = b"  \n" if empty else f"{word} common {'lorem ipsum ' * self._random.randrange(20)}".encode()
        answer = self._call("POST", "/files", upload=(f"{word}.txt", text))
        if answer.done:
            self.uploads.append(Upload(answer.body["id"], f"{word}.txt", word, text))
        elif answer.outcome == "unknown":
            self.lost.add(f"{word}.txt")

    def _attach(self) -> None:
        store, upload = self._store(), self._file()
        if store and upload and (held := store.files.get(upload.id) or Attached(upload, [None])).free:
            store.files[upload.id] = held
            attributes = self._attributes()
            body: dict[str, Any] = {"file_id": upload.id}
            if attributes:
                body["attributes"] = attributes
            held.written(attributes, self._call("POST", f"/vector_stores/{store.id}/files", body))

    def _batch(self) -> None:
        store = self._store()
        if store is None:
            return
        size = self._random.choice(SIZES)
        fresh = [each for each in self.uploads if each.exists == {True} and each.id not in store.files][-size:]
        if not fresh:
            return
        held = [Attached(upload, [None]) for upload in fresh]
        store.files |= {each.upload.id: each for each in held}
        shared, each_own = self._attributes(), self._random.random() < 0.5
        wanted = [self._attributes() if each_own else shared for _ in held]
        if each_own:
            body: dict[str, Any] = {
                "files": [{"file_id": h.upload.id, "attributes": w} for h, w in zip(held, wanted, strict=True)]
            }
        else:
            body = {"file_ids": [each.upload.id for each in held], "attributes": shared}
        path = f"/vector_stores/{store.id}/file_batches"
        answer = self._call("POST", path, body)
        for each, attributes in zip(held, wanted, strict=True):
            each.written(attributes, answer)
            each.free = answer.outcome != "unknown"
        if answer.possible:
            self.batches.append(Batch(answer.body["id"] if answer.done else "", store, tuple(held)))
        if (
            answer.done
            and self._random.random() < 0.15
            and self._call("POST", f"{path}/{answer.body['id']}/cancel").possible
        ):
            for each in held:
                each.may_end.add("cancelled")
                each.free = False

    def _change(self) -> None:
        if found := self._held():
            store, held = found
            attributes = self._attributes()
            path = f"/vector_stores/{store.id}/files/{held.upload.id}"
            held.written(attributes, self._call("POST", path, {"attributes": attributes}))

    def _detach(self) -> None:
        if found := self._held():
            store, held = found
            held.written(None, self._call("DELETE", f"/vector_stores/{store.id}/files/{held.upload.id}"))

    def _delete_file(self) -> None:
        upload = self._file()
        if upload is None:
            return
        everywhere = [each for store in self.stores for each in (store.files.get(upload.id),) if each]
        if all(each.free for each in everywhere):
            answer = self._call("DELETE", f"/files/{upload.id}")
            upload.exists = {False} if answer.done else {True, False} if answer.possible else upload.exists
            for each in everywhere:
                each.written(None, answer)

    def _make_store(self) -> None:
        name = self._unique("store")
        answer = self._call("POST", "/vector_stores", {"name": name})
        if answer.done:
            self.stores.append(Store(answer.body["id"], name))
        elif answer.outcome == "unknown":
            self.lost.add(name)

    def _delete_store(self) -> None:
        store = self._store()
        if store and not store.shared:
            answer = self._call("DELETE", f"/vector_stores/{store.id}")
            store.exists = {False} if answer.done else {True, False} if answer.possible else store.exists

    def _look(self) -> None:
        """Reads something, which must be as it was written; what was open is settled by it."""
        held = [(store, each) for store in self.stores if store.exists == {True} for each in store.files.values()]
        if held:
            store, each = self._random.choice(held)
            answer = self.line.request("GET", f"/vector_stores/{store.id}/files/{each.upload.id}")
            if answer.outcome in ("answered", "refused"):
                value = answer.body["attributes"] if answer.done else None
                assert value in each.possible, f"{store.id} {each.upload.id}: {answer} is not in {each.possible}"
                each.possible = [value]

    def _search(self) -> None:
        """What is completed is found by its text and its attributes; what is gone is not found."""
        store = self._store()
        held = [
            each for each in (store.files.values() if store else ()) if len(each.possible) == 1 and each.upload.readable
        ]
        if store is None or not held:
            return
        each = self._random.choice(held)
        attributes = each.possible[0]
        row = self.line.request("GET", f"/vector_stores/{store.id}/files/{each.upload.id}")
        body: dict[str, Any] = {"query": each.upload.word, "max_num_results": 50}
        if attributes:
            body["filters"] = {"type": "eq", "key": "n", "value": attributes["n"]}
        hits = self.line.request("POST", f"/vector_stores/{store.id}/search", body)
        if hits.done and row.outcome in ("answered", "refused"):
            found = [hit["file_id"] for hit in hits.body["data"]]
            assert len(found) == len(set(found)), f"{store.id}: a chunk twice: {found}"
            if row.done and row.body["status"] == "completed":
                assert each.upload.id in found, f"{store.id} {each.upload.id} is completed and not found"
            if attributes is None:
                assert each.upload.id not in found, f"{store.id} {each.upload.id} is gone and found"

    def _refused(self) -> None:
        """A request that is refused has no effect."""
        if store := self._store():
            body = {"file_ids": [each.id for each in self.uploads[-3:]] + ["file-unknown"]}
            assert not self.line.request("POST", f"/vector_stores/{store.id}/file_batches", body).done

    def _attributes(self) -> Attributes:
        return {} if self._random.random() < 0.3 else {"n": self._random.randrange(1 << 30), "by": self._number}

    def _store(self) -> Store | None:
        certain = [store for store in self.stores if store.exists == {True}]
        return self._random.choice([self.stores[0], *certain[-3:]])

    def _file(self) -> Upload | None:
        certain = [each for each in self.uploads[-60:] if each.exists == {True}]
        return self._random.choice(certain) if certain else None

    def _held(self) -> tuple[Store, Attached] | None:
        certain = [
            (store, each)
            for store in self.stores
            if store.exists == {True}
            for each in store.files.values()
            if each.free and each.certain
        ]
        return self._random.choice(certain[-40:]) if certain else None
