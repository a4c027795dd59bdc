"""What a simulated deployment tells others: its event bus, and whether all of the log was told, and in order."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence

from vectorlog.deployment import Deployment
from vectorlog.domain.outgoing_event import OutgoingEvent
from vectorlog.event_log.provenance import was_imported
from vectorlog.reactions.announcements import announcements
from vectorlog.reactions.announcer import GIVE_UP_MS


class Told:
    """Implements EventBus: keeps the ids of what it was told, each at its first place.

    Attributes:
        in_feed_order: whether the feed has one order, so that the events of a store come in the order of the log.
    """

    def __init__(self, *, in_feed_order: bool) -> None:
        self.in_feed_order = in_feed_order
        self._places: dict[str, int] = {}
        self._left_out: set[str] = set()
        self._replayed: set[str] = set()

    def replayed(self, stream: str) -> None:
        """Notes that a stream will be replayed, so its events may come after later ones."""
        self._replayed.add(stream)

    def put(self, events: Sequence[str]) -> None:
        for each in events:
            self._places.setdefault(json.loads(each)["id"], len(self._places))

    def wrong(self, deployment: Deployment) -> str:
        """Returns what is wrong once no work is left; "" if nothing is."""
        by_store: dict[str, list[OutgoingEvent]] = defaultdict(list)
        by_stream: dict[str, list[OutgoingEvent]] = defaultdict(list)
        now = deployment.clock()
        for commit in deployment.streams.log.scan():
            if was_imported(commit):
                continue
            for event in announcements(deployment.streams.decode(commit)):
                if event.id in self._places:
                    by_store[event.store].append(event)
                    by_stream[commit.stream].append(event)
                elif event.at >= now - GIVE_UP_MS and event.id not in self._left_out:
                    return f"{event.type} of {event.subject} was not told"
                else:
                    self._left_out.add(event.id)
        ordered = by_store if self.in_feed_order else by_stream
        for name, events in ordered.items():
            places = [self._places[event.id] for event in events]
            if places != sorted(places) and (self.in_feed_order or name not in self._replayed):
                return f"the events of {name or 'files'} were told in another order: {places}"
        return ""
