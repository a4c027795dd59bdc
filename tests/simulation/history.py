"""One history: steps one after the other, without threads, and the model that checks them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from tests.simulation.client import Answer, Client
from tests.simulation.draw import Draw
from tests.simulation.model import Model, Wrong
from tests.simulation.reads import Reads
from tests.simulation.requests import Requests, Skipped
from tests.simulation.rest import BACK_MS, Rest
from tests.simulation.sizes import sizes
from tests.simulation.steps import Step
from tests.simulation.world import World
from tests.support.faults import Lost
from vectorlog.defaults import DAY_MS

MakeWorld = Callable[[Path, int, Random], World]


class Failed(Exception):
    """A history found something wrong at a step."""

    def __init__(self, step: Step | None, error: BaseException) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.step = step
        self.error = error


class History:
    """One history, from one seed.

    Attributes:
        steps: those that were made, in order.
        done: how many of them were made and not skipped.
    """

    def __init__(self, folder: Path, seed: int, make: MakeWorld) -> None:
        self.seed = seed
        options = Random(f"options/{seed}")
        self.small = options.random() < 0.75
        self.model = Model()
        self.world = make(folder, seed, options)
        self.client = Client(self.world)
        self.requests = Requests(self.world, self.model, self.client)
        self.reads = Reads(self.requests)
        self.rest = Rest(self.world, self.model, self.requests, self.reads)
        self.draw = Draw(seed, self.model, faulty=options.choice((0.0, 0.2, 0.4, 0.6)))
        self.steps: list[Step] = []
        self.story: list[tuple[Step, str]] = []
        self.done = 0
        self._given_up = 0
        self._now = Random()
        self.world.faults.meanwhile = self._meanwhile

    def run(self, count: int) -> None:
        """Draws and makes steps, and ends at rest.

        Raises:
            Failed: something was wrong.
        """
        with sizes(small=self.small):
            for _ in range(count):
                step = self.draw.step()
                self.steps.append(step)
                self._make(step)
            self._make(Step(10**9, "rest"))

    def replay(self, steps: list[Step]) -> None:
        """Makes these steps, and ends at rest.

        Raises:
            Failed: something was wrong.
        """
        with sizes(small=self.small):
            for step in steps:
                self.steps.append(step)
                self._make(step)
            self._make(Step(10**9, "rest"))

    def _make(self, step: Step) -> None:
        world = self.world
        world.random.derive(self.seed, step.number)
        self._now = Random(f"{self.seed}/{step.number}")
        world.faults.arm(step.fault)
        try:
            told = self._step(step)
        except Skipped:
            world.faults.arm(None)
            return
        except Lost as lost:
            told = f"the process died {lost}"
            self._restart(reopen=self._now.random() < 0.1)
        except BaseException as error:  # told with its step
            self.story.append((step, self._met(f"{type(error).__name__}: {error}")))
            raise Failed(step, error) from error
        self.done += 1
        if world.given_up > self._given_up:
            self._given_up = world.given_up
            self.model.fails_from_now(list(self.model.places))
        self.story.append((step, self._met(told)))
        world.faults.arm(None)

    def _met(self, told: str) -> str:
        met = self.world.faults.met
        return f"{told} [{met}]" if met else told

    def _step(self, step: Step) -> str:
        kind = step.kind
        for holder in (self.requests, self.reads):
            found: Callable[[Step], Answer] | None = getattr(holder, kind, None)
            if found is not None and kind != "repeat":
                self._pass_time()
                answer = found(step)
                if answer.status == 0 and self.world.faults.met:
                    self._restart(reopen=self._now.random() < 0.1)
                return str(answer)
        return str(getattr(self, f"_{kind}")(step.about))

    def _pass_time(self) -> None:
        self.world.clock.advance(self._now.choice((0, 1, 1, 1, 3, 20)))

    # Requests again

    def _repeat(self, about: dict[str, Any]) -> str:
        self._pass_time()
        answer = self.requests.repeat(about["request"], self.steps[-1].number if self.steps else 0)
        if answer.status == 0:
            self._restart(reopen=False)
        return str(answer)

    # Work

    def _project(self, about: dict[str, Any]) -> str:
        return self._guarded(lambda: self.world.project(self._now.choice((1, 2, 5, 50)), self._now))

    def _work(self, about: dict[str, Any]) -> str:
        return self._guarded(lambda: self.world.work(self._now))

    def _ingest(self, about: dict[str, Any]) -> str:
        return self._guarded(lambda: self.world.ingest(self._now.randint(1, 4), self._now))

    def _again(self, about: dict[str, Any]) -> str:
        return self._guarded(lambda: self.world.again(self._now))

    def _redeliver(self, about: dict[str, Any]) -> str:
        return self._guarded(lambda: self.world.redeliver(self._now))

    def _shuffle(self, about: dict[str, Any]) -> str:
        return self._guarded(lambda: self.world.shuffle(self._now))

    def _collect(self, about: dict[str, Any]) -> str:
        """The daily pass begins and goes on, half of the time after a day in which nothing else was done."""
        if about["late"]:
            self.world.clock.advance(DAY_MS + BACK_MS)
            self.rest.passed(DAY_MS + BACK_MS)
        told = [self._guarded(self.world.collect)]
        told += [self._guarded(lambda: self.world.work(self._now)) for _ in range(3)]
        return ", ".join(told)

    def _sweep(self, about: dict[str, Any]) -> str:
        return self._guarded(self.world.sweep)

    def _guarded(self, step: Callable[[], object]) -> str:
        """Does a piece of work; the loop that does it survives its errors."""
        try:
            return str(step())
        except Exception as error:  # noqa: BLE001  # as the loops of both editions: logged, and tried again
            return f"failed: {type(error).__name__}: {error}"

    def _meanwhile(self) -> None:
        """Another worker's step, in the middle of this one."""
        world, draw = self.world, self._now
        for step in draw.sample([world.project, world.work, world.ingest], 3):
            if step == world.work:
                self._guarded(lambda: world.work(draw))
            else:
                self._guarded(lambda step=step: step(3, draw))  # type: ignore[misc]

    # The world

    def _wait(self, about: dict[str, Any]) -> str:
        self.world.clock.advance(about["ms"])
        self.rest.passed(about["ms"])
        return f"{about['ms']} ms pass"

    def _restart(self, about: dict[str, Any] | None = None, *, reopen: bool = False) -> str:
        met = self.world.faults.met
        self.world.faults.arm(None)
        self.world.faults.met = met
        self.world.restart(reopen=about["reopen"] if about else reopen)
        return "a new process starts"

    def _disk_full(self, about: dict[str, Any]) -> str:
        self.world.faults.full = True
        return "the disk is full"

    def _disk_free(self, about: dict[str, Any]) -> str:
        self.world.faults.full = False
        return "the disk has room"

    def _deploy(self, about: dict[str, Any]) -> str:
        self.world.code.version = 1 - self.world.code.version
        return "another version of the reader runs"

    def _throttle(self, about: dict[str, Any]) -> str:
        self.world.provider.throttled = True
        return "the provider refuses for now"

    def _unthrottle(self, about: dict[str, Any]) -> str:
        self.world.provider.throttled = False
        return "the provider answers"

    def _rest(self, about: dict[str, Any]) -> str:
        self.world.faults.arm(None)
        self.rest.check(DAY_MS, self._now)
        return "everything is at rest"


__all__ = ["Failed", "History", "Wrong"]
