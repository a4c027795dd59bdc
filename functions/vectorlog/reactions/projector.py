"""The stream's one consumer: projects every commit, and sends the work that follows from it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from vectorlog.domain.ids import group_of
from vectorlog.event_log.codec import UnknownSchema
from vectorlog.event_log.decision import AnyDecision
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.provenance import was_imported
from vectorlog.event_log.streams import Streams
from vectorlog.reactions import outcomes
from vectorlog.reactions.reactions import reactions
from vectorlog.telemetry.telemetry import Telemetry
from vectorlog.views.views import Views
from vectorlog.work.messages import Ingest, Message, Replay, outgoing
from vectorlog.work.queue import Outgoing, Queue

log = logging.getLogger(__name__)

REPLAY_AFTER_MS = 60_000
"""How long what this code cannot read waits for code that can."""


class Projector:
    """Makes rows and messages of commits. Doing the same commits again, late or in another order changes nothing."""

    def __init__(
        self, streams: Streams, views: Views, work: Queue, embed: Queue, telemetry: Telemetry | None = None
    ) -> None:
        self._streams = streams
        self._telemetry = telemetry or Telemetry()
        self._views = views
        self._work = work
        self._embed = embed

    def handle(self, commits: Sequence[Commit], *, replayed: bool = False) -> None:
        """Projects the commits, then sends what follows from each, whether or not its rows had to change, and tells how
        files ended. From one that was imported nothing follows: its work was done before, or the import sees to it.
        `replayed`: they have been in the feed before.
        """
        decisions: list[AnyDecision] = []
        made_here: list[AnyDecision] = []
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
                made_here.append(decision)
                messages += [(commit.stream, message) for message in reactions(decision)]
        self._views.apply(decisions)
        self.send(messages)
        self.send(replays, delay=REPLAY_AFTER_MS)
        outcomes.tell(self._telemetry, made_here, replayed=replayed)

    def handle_in_order(self, commits: Sequence[Commit]) -> int:
        """As `handle`; where the batch fails, one by one, so that only a commit that cannot be projected is put off, by
        a message. Gives how many commits at the end are still to be done because not even that could be sent.
        """
        try:
            self.handle(commits)
        except Exception:
            log.exception("a batch of %s commits failed; they are handled one by one", len(commits))
        else:
            return 0
        for place, commit in enumerate(commits):
            if not self._handled(commit):
                return len(commits) - place
        return 0

    def _handled(self, commit: Commit) -> bool:
        try:
            self.handle([commit])
        except Exception:
            log.exception("commit %s of %s failed; its stream will be replayed", commit.version, commit.stream)
            try:
                self.send([(commit.stream, Replay(commit.stream))], delay=REPLAY_AFTER_MS)
            except Exception:
                log.exception("its replay could not be sent")
                return False
        return True

    def send(self, messages: Sequence[tuple[str, Message]], delay: int = 0) -> None:
        """Sends messages that follow from these streams, fair between stores; `delay` in ms."""
        work: list[Outgoing] = []
        embed: list[Outgoing] = []
        for stream, message in messages:
            (embed if isinstance(message, Ingest) else work).append(outgoing(message, group_of(stream), delay))
        if work:
            self._work.send(work)
        if embed:
            self._embed.send(embed)
