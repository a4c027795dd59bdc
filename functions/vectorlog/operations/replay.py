"""Tells others again what happened, from the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vectorlog.domain.outgoing_event import OutgoingEvent
from vectorlog.event_log.provenance import was_imported
from vectorlog.event_log.streams import Streams
from vectorlog.operations.progress import Watch, pages
from vectorlog.reactions.announcements import announcements
from vectorlog.reactions.announcer import Announcer
from vectorlog.work.messages import Deliver


def replay(
    streams: Streams,
    announcer: Announcer,
    send: Callable[[Sequence[Deliver]], None],
    since: int,
    store: str | None,
    watch: Watch,
) -> int:
    """Puts the events of the log into the outbox once more, for all endpoints that want them now and for the bus. They
    keep their ids, and come in the order in which they happened. It holds one entry for each event in memory.

    Args:
        streams: the log.
        announcer: of the deployment.
        send: sends the messages that have the events sent.
        since: the time of the first events, in ms since 1970.
        store: only events of this store; None for all.
        watch: shows the progress.

    Returns:
        How many events there were.

    Raises:
        UnknownSchema: newer code wrote a commit.
    """
    found: list[tuple[int, OutgoingEvent]] = []
    newest: dict[str, int] = {}
    for commit in watch("commits", streams.log.scan(), None):
        if commit.at < since or was_imported(commit):
            continue
        for event in announcements(streams.decode(commit)):
            if store in (None, event.store):
                # Those of one stream are scanned in their order, which they keep even if a clock went back.
                at = newest[commit.stream] = max(commit.at, newest.get(commit.stream, 0))
                found.append((at, event))
    found.sort(key=lambda each: each[0])
    for page in pages(watch("events", found, len(found))):
        send(announcer.put([event for _, event in page], since=0))
    return len(found)
