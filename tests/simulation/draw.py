"""Draws the next step of a history at random, from what its model knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from tests.simulation.model import Model
from tests.simulation.ports import PORTS, Fault
from tests.simulation.steps import Step

WORDS = ("alpha", "beta", "gamma", "delta", "epsilon")
ACTORS = ("acme", "acme", "acme/alice", "globex")
MOST_FILES, MOST_STORES, MOST_BATCHES = 9, 4, 40
CALLS = tuple(f"{port}.{method}" for port, methods in PORTS.items() for method in methods)

WEIGHTS: Mapping[str, float] = {
    "upload": 4,
    "create": 1.5,
    "modify": 0.6,
    "share": 1.5,
    "attach": 6,
    "attach_batch": 5,
    "cancel": 3,
    "detach": 3,
    "change": 3,
    "delete_file": 0.8,
    "delete_store": 0.4,
    "repeat": 3,
    "look": 5,
    "look_file": 0.7,
    "look_store": 3,
    "look_batch": 3,
    "list_files": 3,
    "list_batch": 1.5,
    "list_stores": 0.6,
    "list_uploads": 0.6,
    "search": 8,
    "project": 16,
    "work": 16,
    "ingest": 12,
    "again": 1.5,
    "redeliver": 1.5,
    "shuffle": 1.5,
    "sweep": 1,
    "collect": 0.5,
    "wait": 3,
    "restart": 0.4,
    "disk_full": 0.15,
    "disk_free": 1.5,
    "throttle": 0.4,
    "unthrottle": 1.5,
    "deploy": 0.6,
    "rest": 0.35,
}


LIKELY: Mapping[str, Sequence[str]] = {
    "work": [
        *("work.receive", "work.acknowledge", "work.release", "work.send", "index.retag", "index.remove"),
        *("index.remove_store", "index.add", "log.read", "blobs.list", "blobs.delete", "blobs.page", "blobs.read"),
        *("table.query", "table.write", "log.append"),
    ],
    "ingest": [
        *("embed.receive", "embed.acknowledge", "embed.release", "embed.send", "reader.read", "embedder.documents"),
        *("blobs.put", "blobs.local", "blobs.list", "blobs.read", "index.add", "index.remove", "log.append"),
    ],
    "collect": ["blobs.delete_unreplaced"],
    "project": ["feed.after", "checkpoint.read", "checkpoint.write", "work.send", "embed.send", "table.write"],
    "sweep": ["table.due", "table.write", "log.append", "log.read"],
    "search": ["embedder.query", "index.search"],
    "upload": ["blobs.put", "log.append"],
    "change": ["index.retag", "log.append", "table.write"],
}
"""The calls that a kind of step makes and few others do."""


class Draw:
    """Draws steps; what it draws depends only on its seed and on what the model knows."""

    def __init__(self, seed: object, model: Model, *, faulty: float) -> None:
        self._random = Random(f"draw/{seed}")
        self._model = model
        self._faulty = faulty
        self._kinds = list(WEIGHTS)
        self._weights = list(WEIGHTS.values())
        self._number = 0
        self._repeatable: list[int] = []

    def step(self) -> Step:
        """Returns the next step."""
        random = self._random
        while True:
            kind = random.choices(self._kinds, self._weights)[0]
            about = self._about(kind)
            if about is None:
                continue
            self._number += 1
            if about.get("key"):
                about["key"] = f"key {self._number}"
                self._repeatable.append(self._number)
            return Step(self._number, kind, about, self._fault(kind))

    def _fault(self, kind: str) -> Fault | None:
        random = self._random
        if kind in ("wait", "restart", "rest", "deploy", "disk_full", "disk_free", "throttle", "unthrottle", "shuffle"):
            return None
        if random.random() >= self._faulty:
            return None
        pick = random.randrange(840)
        if random.random() < 0.6:
            return Fault(random.choice((1, 1, 1, 2)), pick, random.choice(LIKELY.get(kind, CALLS)))
        return Fault(random.choice((1, 1, 2, 2, 3, 4, 5, 6, 8, 10, 13)), pick)

    def _about(self, kind: str) -> dict[str, Any] | None:
        drawn: Callable[[], dict[str, Any] | None] | None = getattr(self, f"_{kind}", None)
        if drawn is not None:
            return drawn()
        if kind in ("look_store", "delete_store", "modify"):
            store = self._store()
            keyed = {"key": self._random.random() < 0.4} if kind == "modify" else {}
            if store is None or (kind == "delete_store" and len(self._living()) < 2):
                return None
            return {"store": store, "actor": self._actor(self._model.stores[store].owner), **keyed}
        if kind in ("list_stores", "list_uploads"):
            actor, order = self._random.choice(ACTORS), self._random.choice(("asc", "desc"))
            return {"actor": actor, "limit": self._random.choice((1, 2, 5, 100)), "order": order}
        return {"seed": self._random.randrange(1 << 30)}

    def _upload(self) -> dict[str, Any] | None:
        random = self._random
        living = [file for file in self._model.files.values() if file.deleted == "no"]
        if len(living) >= MOST_FILES:
            return None
        texts = [file.text for file in living]
        roll = random.random()
        if texts and roll < 0.15:
            text = random.choice(texts)
        elif roll < 0.25:
            text = random.choice(("damaged", "deadly", "refused")) + f" {self._number}\nalpha"
        else:
            lines = [f"{random.choice(WORDS)} {random.choice(WORDS)} {self._number}.{line}" for line in range(5)]
            text = "\n".join(lines[: random.choice((1, 1, 2, 3, 5))])
        return {"actor": random.choice(ACTORS), "text": text, "key": random.random() < 0.4}

    def _create(self) -> dict[str, Any] | None:
        if len(self._living()) >= MOST_STORES:
            return None
        actor = self._random.choice(ACTORS)
        files = self._files(actor) if self._random.random() < 0.4 else []
        return {"actor": actor, "files": files, "chunking": self._chunking(), "key": self._random.random() < 0.5}

    def _share(self) -> dict[str, Any] | None:
        store, random = self._store(), self._random
        if store is None:
            return None
        actor, role = self._actor(self._model.stores[store].owner), random.choice(("reader", "writer", None))
        return {"store": store, "actor": actor, "user": random.choice(("zoe", "zac")), "role": role}

    def _attach(self) -> dict[str, Any] | None:
        place = self._place()
        return (
            None
            if place is None
            else {
                **place,
                "attributes": self._attributes(),
                "chunking": self._chunking(),
                "key": self._random.random() < 0.4,
            }
        )

    def _change(self) -> dict[str, Any] | None:
        place = self._place()
        return (
            None if place is None else {**place, "attributes": self._attributes(), "key": self._random.random() < 0.4}
        )

    def _detach(self) -> dict[str, Any] | None:
        return self._place()

    def _look(self) -> dict[str, Any] | None:
        return self._place()

    def _attach_batch(self) -> dict[str, Any] | None:
        store = self._store()
        if store is None or len(self._model.batches) >= MOST_BATCHES:
            return None
        owner = self._model.stores[store].owner
        plain = self._random.random() < 0.35  # all such batches ask for the same, so that many can wait for a file
        most = 6 if plain else 3
        files = [file for file in self._files(owner) if not self._model.is_crowded(store, file, most)]
        if not files:
            return None
        same = self._random.random() < 0.5
        attributes, chunking = ({}, "auto") if plain else (self._attributes(), self._chunking())
        same = same or plain
        items = [
            [file, attributes if same else self._attributes(), chunking if same else self._chunking()] for file in files
        ]
        return {
            "store": store,
            "items": items,
            "actor": owner,
            "skip": self._random.random() < 0.15,
            "key": self._random.random() < 0.5,
        }

    def _cancel(self) -> dict[str, Any] | None:
        batch = self._batch()
        return None if batch is None else {"batch": batch, "actor": self._batch_actor(batch)}

    def _look_batch(self) -> dict[str, Any] | None:
        return self._cancel()

    def _list_batch(self) -> dict[str, Any] | None:
        about = self._cancel()
        return (
            None if about is None else {**about, "limit": self._random.choice((1, 2, 3, 100)), "order": self._order()}
        )

    def _list_files(self) -> dict[str, Any] | None:
        store = self._store()
        status = self._random.choice(("completed", "in_progress", "failed", "cancelled", None, None, None))
        return (
            None
            if store is None
            else {
                "store": store,
                "actor": self._actor(self._model.stores[store].owner),
                "limit": self._random.choice((1, 2, 3, 100)),
                "order": self._order(),
                "filter": status,
            }
        )

    def _search(self) -> dict[str, Any] | None:
        store = self._store()
        return (
            None
            if store is None
            else {
                "store": store,
                "actor": self._actor(self._model.stores[store].owner),
                "query": self._random.choice(("alpha beta", "gamma", "alpha delta epsilon")),
                "limit": self._random.choice((1, 2, 5, 50, 50, 50)),
                "filter": self._random.choice((None, None, None, 0, 1, 2)),
                "words": self._random.random() < 0.15,
            }
        )

    def _delete_file(self) -> dict[str, Any] | None:
        file = self._file()
        return None if file is None else {"file": file, "actor": self._actor(self._model.files[file].owner)}

    def _look_file(self) -> dict[str, Any] | None:
        return self._delete_file()

    def _repeat(self) -> dict[str, Any] | None:
        recent = self._repeatable[-12:]
        return {"request": self._random.choice(recent)} if recent else None

    def _wait(self) -> dict[str, Any]:
        ms = self._random.choice((1, 40, 400, 1000, 1000, 5000, 61_000, 600_000, -1000, -20_000, 4 * 3_600_000))
        return {"ms": ms}

    def _collect(self) -> dict[str, Any]:
        return {"late": self._random.random() < 0.5}

    def _restart(self) -> dict[str, Any]:
        return {"reopen": self._random.random() < 0.5}

    # Things

    def _living(self) -> list[str]:
        return [label for label, store in self._model.stores.items() if store.exists != "no"]

    def _store(self) -> str | None:
        known = [label for label, store in self._model.stores.items() if store.id and store.exists != "no"]
        dead = [label for label, store in self._model.stores.items() if store.id and store.exists == "no"]
        if dead and self._random.random() < 0.03:
            return self._random.choice(dead)
        return self._random.choice(known) if known else None

    def _file(self) -> str | None:
        known = [label for label, file in self._model.files.items() if file.id]
        living = [label for label in known if self._model.files[label].deleted != "yes"]
        if living and self._random.random() < 0.95:
            return self._random.choice(living)
        return self._random.choice(known) if known else None

    def _files(self, actor: str) -> list[str]:
        seen = [
            label
            for label, file in self._model.files.items()
            if file.id and file.deleted != "yes" and (file.owner == actor or file.owner.split("/")[0] == actor)
        ]
        return self._random.sample(seen, self._random.randint(0, len(seen)))

    def _place(self) -> dict[str, Any] | None:
        store = self._store()
        if store is None:
            return None
        owner = self._model.stores[store].owner
        attached = [file for place_store, file in self._model.places if place_store == store]
        files = attached if attached and self._random.random() < 0.7 else self._files(owner)
        if not files:
            return None
        return {"store": store, "file": self._random.choice(files), "actor": self._actor(owner)}

    def _batch(self) -> str | None:
        known = [
            label
            for label, batch in self._model.batches.items()
            if batch.id and self._model.stores[batch.store].exists != "no"
        ]
        return self._random.choice(known[-6:]) if known else None

    def _batch_actor(self, batch: str) -> str:
        return self._actor(self._model.stores[self._model.batches[batch].store].owner)

    def _actor(self, owner: str) -> str:
        """Returns the owner mostly, and sometimes a stranger."""
        return owner if self._random.random() < 0.96 else self._random.choice(ACTORS)

    def _attributes(self) -> dict[str, Any]:
        return self._random.choice(({"n": 0}, {"n": 1}, {"n": 2}, {"n": 1, "t": "x"}, {}))

    def _chunking(self) -> str:
        return self._random.choice(("auto", "auto", "small"))

    def _order(self) -> str:
        return self._random.choice(("asc", "desc"))

    @staticmethod
    def kinds() -> Sequence[str]:
        """Returns the kinds of steps that are drawn."""
        return tuple(WEIGHTS)
