"""What must hold once no work is left: all has ended, all reads agree, and nothing but what is needed is kept."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from tests.simulation.client import Answer, shown_of
from tests.simulation.model import Model, require
from tests.simulation.reads import Reads
from tests.simulation.requests import Requests
from tests.simulation.steps import Step
from tests.simulation.world import World
from vectorlog.operations import folded_log
from vectorlog.operations.verify import Difference, differences

MOST_STEPS = 4000
BACK_MS = 10 * 60_000
"""How far the clock may have gone back in a history, at most: an upload of before then is a day old that much later."""
SOON_MS = 2 * 3_600_000
"""Messages that are due within this time are waited for; later ones are repeated purges."""


class Rest:
    """Brings a world to rest and checks it."""

    def __init__(self, world: World, model: Model, requests: Requests, reads: Reads) -> None:
        self._world = world
        self._model = model
        self._requests = requests
        self._reads = reads
        self._number = 0
        self._waited = 0

    def passed(self, ms: int) -> None:
        """Time passed; after a day, open files may have been failed by the sweep."""
        self._waited += max(0, ms)
        if self._waited > 20 * 3_600_000:
            self._model.fails_from_now(list(self._model.places))

    def check(self, day_ms: int, draw: Random) -> None:
        """Does all work, then checks everything; in the end also after a day."""
        try:
            self._check_all(day_ms, draw)
        finally:
            self._world.calm(calm=False)

    def _check_all(self, day_ms: int, draw: Random) -> None:
        self._settle(draw)
        self._check(draw)
        self._settle(draw)  # a search is a use of its store
        self._verify()
        require(not (wrong := self._world.told.wrong(self._world.deployment)), wrong)
        if draw.random() < 0.4:
            self._world.clock.advance(day_ms + BACK_MS)
            self._settle(draw)
            self._world.sweep()
            self._world.collect()
            self._settle(draw)
            aged = True
            self._check(draw)
            self._settle(draw)
            self._verify(aged=aged)
            left = [each for each in self._world.left() if '"again":false' not in each]  # of a purge that came late
            require(not left, f"messages are left: {left[:3]}")
        self._waited = 0

    def _settle(self, draw: Random) -> None:
        world = self._world
        world.faults.full = False
        world.calm(calm=True)
        world.provider.throttled = False
        for _ in range(MOST_STEPS):
            if not (world.project(50, draw) or world.work(draw) or world.ingest(16, draw)):
                due = world.next_due()
                if due is None or due > SOON_MS:
                    return
                world.clock.advance(due)
        require(False, "there is always more to do")

    def _check(self, draw: Random) -> None:
        model = self._model
        for file in list(model.files.values()):
            if file.id:
                self._reads_step("look_file", {"file": file.label, "actor": file.owner})
        for store in list(model.stores.values()):
            store.unshown = False
            if not store.id:
                continue
            about = {"store": store.label, "actor": store.owner, "order": "asc", "filter": None}
            for place in model.in_store(store.label):
                model.at_rest(place)
            for place in model.in_store(store.label):
                answer = self._reads_step("look", {**about, "file": place.file.label})
                place.may_fail = False
                if model.is_wild(place) and store.exists == "yes":
                    model.tame(place, shown_of(answer.body) if answer.ok else None)
            self._reads_step("look_store", about)
            self._reads_step("list_files", {**about, "limit": draw.choice((1, 2, 3))})
            wanted = {"query": "alpha beta", "limit": 50, "words": False, "exact": True}
            for number in (None, draw.randrange(3)):
                self._reads_step("search", {**about, **wanted, "filter": number})
        for batch in list(model.batches.values()):
            store = model.stores[batch.store]
            if batch.id and store.exists == "yes":
                self._reads_step("look_batch", {"batch": batch.label, "actor": store.owner})
        model.forget()

    def _reads_step(self, kind: str, about: Mapping[str, object]) -> Answer:
        self._number += 1
        holder = self._requests if hasattr(self._requests, kind) else self._reads
        answer: Answer = getattr(holder, kind)(Step(2 * 10**9 + self._number, kind, about))
        return answer

    def _verify(self, *, aged: bool = False) -> None:
        """`aged`: blobs without a commit are a day old, and the daily pass has run."""
        found = [
            each
            for each in differences(self._world.deployment, folded_log.read(self._world.deployment))
            if not self._known(each, aged=aged)
        ]
        require(not found, "verify finds " + "; ".join(f"{each.kind} {each.where} {each.what}" for each in found[:5]))

    def _known(self, difference: Difference, *, aged: bool) -> bool:
        return not aged and difference.kind == "blob" and difference.what == "is left over"  # for the daily pass
