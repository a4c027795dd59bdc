"""The local edition: its SQLite adapters, its folder of blobs, its index and its engine, without threads."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, cast

from tests.simulation import world
from tests.simulation.index import MemoryIndex
from tests.simulation.parts import Code, Derived, Provider, SimulatedReader
from tests.simulation.ports import Faults, Port
from tests.simulation.told import Told
from tests.support.pump import Clock
from tests.support.stubs import Inline
from tests.support.waits import no_waits
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.files.by_size import BlobsBySize
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.ingest.ingester import Ingester
from vectorlog.reactions.sweep import sweep
from vectorlog.runtime.local import checkpoint, engine, uptime
from vectorlog.sqlite.database import Database
from vectorlog.views import sqlite as sqlite_views
from vectorlog.views.sqlite import OUTBOX, SQLiteTable
from vectorlog.webhooks.outbox import Outbox
from vectorlog.work import sqlite as sqlite_work
from vectorlog.work.messages import COLLECTION, Collect
from vectorlog.work.sqlite import SQLiteQueue


class DatedBlobs(BlobsBySize):
    """The blobs of the local edition, with the time of the simulation."""

    def __init__(self, folder: Path, staging: Path, database: Path, clock: Clock) -> None:
        super().__init__(folder, staging, database, lambda: clock.now)
        self._folder = folder
        self._now = clock

    def put(self, items: Sequence[tuple[str, bytes | Path]]) -> None:
        super().put(items)
        for key, _ in items:
            if (self._folder / key).exists():
                os.utime(self._folder / key, ns=(self._now.now * 1_000_000,) * 2)


class LocalWorld:
    """Implements World. `real_index` chooses the embedded index instead of one in a dict."""

    def __init__(self, folder: Path, seed: int, *, real_index: bool, **rules: Any) -> None:
        self.folder = folder
        self.clock = Clock()
        self.random = Derived(seed)
        self.faults = Faults(*world.disk_errors())
        self.provider = Provider()
        self.code = Code()
        self.given_up = 0
        self.late_filters = False
        self._projecting = False
        self._rules = rules
        self._real_index = real_index
        self.told = Told(in_feed_order=True)
        self._index: Any = None if real_index else MemoryIndex(tags=True)
        self._open()

    def _open(self) -> None:
        folder = self.folder
        self._log = SQLiteEventLog(folder / "log.db")
        schema = (*sqlite_views.SCHEMA, *sqlite_work.SCHEMA, *checkpoint.SCHEMA, *uptime.SCHEMA)
        self._derived = Database(folder / "derived.db", schema, synchronous="NORMAL")
        self._blobs = DatedBlobs(folder / "blobs", folder / "staging", folder / "blobs.db", self.clock)
        if self._real_index:
            self._index = LocalIndex(folder / "index")
        self._work = SQLiteQueue(self._derived, "work", self.clock)
        self._embed = SQLiteQueue(self._derived, "embed", self.clock)
        self._slow = SQLiteQueue(self._derived, "slow", self.clock)
        self._deliver = SQLiteQueue(self._derived, "deliver", self.clock)
        self._uptime = uptime.Uptime(self._derived, self.clock)
        self._position = checkpoint.Checkpoint(self._derived, "projector")
        self.deployment = world.deployment(
            self.clock,
            self.random,
            self.faults,
            self.provider,
            log=self._log,
            table=SQLiteTable(self._derived),
            blobs=self._blobs,
            index=self._index,
            rules=self._rules,
        )
        self.app = world.app(self.deployment)
        self._start()

    def _start(self) -> None:
        faults = self.faults
        reader = cast(Any, Port("reader", SimulatedReader(self.code), faults))
        named = (("work", self._work), ("embed", self._embed), ("embed", self._slow))
        self._engine = engine.Engine(
            self.deployment,
            cast(Any, Port("feed", self._log, faults)),
            cast(Any, Port("checkpoint", self._position, faults)),
            self._uptime,
            engine.Queues(*(cast(Any, Port(name, queue, faults)) for name, queue in named)),
            engine.Ingesters(*[Ingester(self.deployment, reader, Inline(), lambda: 0.0)] * 3),
            outgoing=engine.Outgoing(
                Outbox(
                    cast(Any, Port("outbox", SQLiteTable(self._derived, OUTBOX), faults)),
                    self.clock,
                    no_waits(self.random.uniform),
                ),
                cast(Any, Port("deliver", self._deliver, faults)),
                cast(Any, Port("bus", self.told, faults)),
            ),
        )

    def project(self, limit: int, draw: Random) -> bool:
        if self._projecting or self._log.last_position() <= self._position.read():
            return False
        engine.FEED_PAGE = limit
        self._projecting = True  # there is one projector
        try:
            self._engine.project_step(0)
        finally:
            self._projecting = False
        return True

    def work(self, draw: Random) -> bool:
        steps = ((self._work, self._engine.work_step), (self._deliver, self._engine.deliver_step))
        due = [step for queue, step in steps if queue._delay() <= 0]
        if not due:
            return False
        draw.choice(due)(0)
        return True

    def ingest(self, limit: int, draw: Random) -> bool:
        if min(self._embed._delay(), self._slow._delay()) > 0:
            return False
        lanes = [replace(self._engine.main_lane, limit=limit), self._engine.slow_lane]
        draw.shuffle(lanes)
        for lane in lanes:
            lane.step(0)
        return True

    def sweep(self) -> int:
        return sweep(self.deployment, self._engine.projector)

    def collect(self) -> None:
        self._engine.projector.send([(COLLECTION, Collect())])

    def again(self, draw: Random) -> None:
        position = self._position.read()
        if position:
            page = self._log.after(draw.randrange(position), draw.randint(1, 20))
            self._engine.projector.handle([fed.commit for fed in page if fed.position <= position])

    def redeliver(self, draw: Random) -> None:
        position = self._position.read()
        if position:
            page = self._log.after(draw.randrange(position), 1)
            streams = self.deployment.streams
            from vectorlog.reactions.reactions import reactions

            for fed in page:
                messages = [(fed.commit.stream, message) for message in reactions(streams.decode(fed.commit))]
                self._engine.projector.send(messages)

    def shuffle(self, draw: Random) -> None:
        def mix(connection: sqlite3.Connection) -> None:
            select = 'SELECT id, body FROM messages WHERE queue = ? AND "group" = ? AND receives = 0 ORDER BY id'
            for group in connection.execute('SELECT DISTINCT queue, "group" FROM messages').fetchall():
                rows = connection.execute(select, group).fetchall()
                bodies = [body for _, body in rows]
                draw.shuffle(bodies)
                changed = [(body, number) for body, (number, _) in zip(bodies, rows, strict=True)]
                connection.executemany("UPDATE messages SET body = ? WHERE id = ?", changed)

        self._derived.write(mix)

    def restart(self, *, reopen: bool) -> None:
        if reopen:
            self._close()
            self._open()
        else:
            self._start()
        self._engine.prepare()

    def calm(self, *, calm: bool) -> None:
        """SQLite does nothing by itself."""

    def next_due(self) -> int | None:
        queues = (self._work, self._embed, self._slow, self._deliver)
        found = [wait for queue in queues if (wait := queue._delay()) != float("inf")]
        return max(1, int(min(found) * 1000)) if found else None

    def left(self) -> list[str]:
        return [body for queue in (self._work, self._embed, self._slow, self._deliver) for body, *_ in queue.peek()]

    def _close(self) -> None:
        self._log.close()
        self._blobs.rows.close()
        self._derived.close()
        if self._real_index:
            self._index.close()

    def close(self) -> None:
        self._close()
        shutil.rmtree(self.folder, ignore_errors=True)
