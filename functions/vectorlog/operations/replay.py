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
    found: list[tuple[int, str, int, int, OutgoingEvent]] = []
    for commit in watch("commits", streams.log.scan(), None):
        if commit.at < since or was_imported(commit):
            continue
        for place, event in enumerate(announcements(streams.decode(commit))):
            if store in (None, event.store):
                found.append((commit.at, commit.stream, commit.version, place, event))
    found.sort(key=lambda each: each[:4])
    for page in pages(watch("events", found, len(found))):
        send(announcer.put([event for *_, event in page], since=0))
    return len(found)
