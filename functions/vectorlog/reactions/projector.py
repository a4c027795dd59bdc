"""The only consumer of the feed: it projects every commit and sends the messages that follow from it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

from vectorlog.deployment import Parallel, one_by_one
from vectorlog.domain.ids import group_of
from vectorlog.event_log.codec import UnknownSchema
from vectorlog.event_log.decision import AnyDecision
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.provenance import was_imported
from vectorlog.event_log.streams import Streams
from vectorlog.reactions import outcomes
from vectorlog.reactions.announcer import Announcer
from vectorlog.reactions.reactions import reactions
from vectorlog.telemetry.telemetry import Telemetry
from vectorlog.views.views import Views
from vectorlog.work.messages import Deliver, Erase, Ingest, Message, Replay, SendSample, outgoing
from vectorlog.work.queue import Queue

log = logging.getLogger(__name__)

REPLAY_AFTER_MS = 60_000
"""How long a stream that could not be projected waits for its replay, in ms. By then, newer code may be running that
can read a commit which this code cannot.
"""


class Projector:
    """Projects commits and sends their messages. Handling a commit again, late or out of order changes nothing.

    Erasures have a queue of their own where only one function may delete commits; without one, they go to `work`, and
    so do deliveries to others without `deliver`. `together` sends to several queues at once. `announcer` tells others
    of the commits; without one nobody is told.
    """

    def __init__(
        self,
        streams: Streams,
        views: Views,
        work: Queue,
        embed: Queue,
        telemetry: Telemetry | None = None,
        erase: Queue | None = None,
        together: Parallel = one_by_one,
        deliver: Queue | None = None,
        announcer: Announcer | None = None,
    ) -> None:
        self._streams = streams
        self._telemetry = telemetry or Telemetry()
        self._views = views
        self._work = work
        self._embed = embed
        self._erase = erase or work
        self._together = together
        self._deliver = deliver or work
        self._announcer = announcer

    def handle(self, commits: Sequence[Commit], *, replayed: bool = False) -> None:
        """Projects the commits, sends the messages that follow from each, even if its rows were up to date, and reports
        how files ended. An imported commit is only projected: its work was done before, or the import sends it.

        Args:
            commits: in the order of the feed, or of one stream.
            replayed: whether the commits have been in the feed before.
        """
        decisions: list[AnyDecision] = []
        not_imported: list[AnyDecision] = []
        messages: list[tuple[str, Message]] = []
        replays: list[tuple[str, Message]] = []
        for commit in commits:
            try:
                decision = self._streams.decode(commit)
            except UnknownSchema:
                log.exception(
                    "cannot project commit %s of %s; its stream will be replayed", commit.version, commit.stream
                )
                replays.append((commit.stream, Replay(commit.stream)))
                continue
            decisions.append(decision)
            if not was_imported(commit):
                not_imported.append(decision)
                messages += [(commit.stream, message) for message in reactions(decision)]
        self._views.apply(decisions)
        self.send(messages)  # before others are told: work does not wait for an outbox that is full
        if self._announcer is not None:
            told: list[tuple[str, Message]] = []
            told += [(each.receiver, each) for each in self._announcer.announce(not_imported)]
            told += [(each.batch, each) for each in self._announcer.ended_batches(not_imported)]
            self.send(told)
        self.send(replays, delay=REPLAY_AFTER_MS)
        outcomes.report(self._telemetry, not_imported, replayed=replayed)

    def handle_in_order(self, commits: Sequence[Commit]) -> int:
        """Handles the commits together; if that fails, one by one, and sends a replay for the stream of each that fails
        alone. Later commits of such a stream are left to its replay, so that others are told of them in order.

        Returns:
            How many commits at the end were not handled, because a replay could not be sent either.
        """
        try:
            self.handle(commits)
        except Exception:
            log.exception("a batch of %s commits failed; they are handled one by one", len(commits))
        else:
            return 0
        replayed = set[str]()
        for number, commit in enumerate(commits):
            if commit.stream in replayed:
                continue
            try:
                self.handle([commit])
            except Exception:
                log.exception("commit %s of %s failed; its stream will be replayed", commit.version, commit.stream)
                replayed.add(commit.stream)
                if not self._replay(commit.stream):
                    return len(commits) - number
        return 0

    def _replay(self, stream: str) -> bool:
        """Sends the replay of a stream; returns whether that was possible."""
        try:
            self.send([(stream, Replay(stream))], delay=REPLAY_AFTER_MS)
        except Exception:
            log.exception("the replay of %s could not be sent", stream)
            return False
        return True

    def send(self, messages: Sequence[tuple[str, Message]], delay: int = 0) -> None:
        """Sends messages, given as (stream, message), to their queues, fairly between stores; `delay` is in ms."""
        sends: list[Callable[[], None]] = []
        of_their_own = ((self._embed, Ingest), (self._erase, Erase), (self._deliver, Deliver))
        for queue, kind in ((self._work, None), *of_their_own):
            taken = [each for each in messages if _kind(each[1]) is kind]
            if taken:
                out = [outgoing(message, group_of(stream), delay) for stream, message in taken]
                sends.append(partial(queue.send, out))
        if len(sends) == 1:
            sends[0]()
        elif sends:
            cast("Callable[..., object]", self._together)(*sends)


def _kind(message: Message) -> type[Ingest] | type[Erase] | type[Deliver] | None:
    """Returns the type of messages that have a queue of their own; None for all others."""
    match message:
        case Ingest():
            return Ingest
        case Erase():
            return Erase
        case Deliver() | SendSample():
            return Deliver
        case _:
            return None
