"""Alarms of the work behind the log: what waits, what was given up, and what has stopped."""

from __future__ import annotations

from collections.abc import Iterator

from infra.monitoring.alarm_spec import ALARM_IF_MISSING, BELOW, MINUTE, AlarmSpec
from infra.monitoring.limit_metrics import queues_behind
from infra.monitoring.watched import PERIOD, Watched


def work_alarms(watched: Watched) -> Iterator[AlarmSpec]:
    """Every alarm of queues, stream and sweep."""
    yield from _stuck(watched)
    yield from _given_up(watched)


def _stuck(watched: Watched) -> Iterator[AlarmSpec]:
    """A file waits for minutes at most, 23 with all of a queue's redelivery delays (`runtime.aws.records`); a day after
    its attach it is failed. An hour tells the two apart, and leaves 23 to repair things. A bulk load that takes longer
    rings too: raise `embed_concurrency`, or let it ring.

    The projector gives up a record after hours (`infra/triggers.py`). A batch takes seconds, so five minutes are a few
    attempts at a failing one.

    A message may be delayed for 15 minutes and wait 23 minutes for its next attempt, so an hour has another cause.

    A message that fails is put off, and that happens to single ones. Twenty within five minutes, for a quarter of an
    hour, are what a dependency that is away causes, long before the first message has waited for an hour.

    The sweep reports what it did each minute, at its end.
    """
    yield AlarmSpec(
        "oldest-open-file",
        "page",
        watched.own("OldestOpenFileSeconds", "Maximum"),
        3_600,
        3,
        "A file has been in_progress for an hour, or the sweep, which reports its age every minute, does not run.",
        (
            "Look at the row 'Is it stuck?'. If messages wait, embed fails, is throttled or has too little "
            "concurrency. If none wait, the projector has stopped."
        ),
        ALARM_IF_MISSING,
    )
    yield AlarmSpec(
        "sweep-stopped",
        "page",
        watched.own("Swept", "SampleCount"),
        1,
        2,
        "For ten minutes, no sweep has come to its end. What is past its deadline neither ends nor is tried again.",
        "Read the log of sweep; check that its rule in EventBridge is enabled.",
        ALARM_IF_MISSING,
        BELOW,
    )
    yield AlarmSpec(
        "stream-behind",
        "page",
        watched.functions["projector"].metric("IteratorAge", statistic="Maximum", period=MINUTE),
        300_000,
        3,
        "The projector is five minutes behind the log, so no new work begins. Answers are still correct.",
        "Read the projector's log. It continues by itself once the cause is gone.",
    )
    yield AlarmSpec(
        "messages-waiting",
        "ticket",
        queues_behind(watched),
        1,
        3,
        "The oldest message of a queue was sent an hour ago.",
        (
            "The dashboard's graph 'Oldest message' names the queue. Read the log of the function of the same name: "
            "errors, throttling, or more work than its concurrency can handle."
        ),
    )
    yield AlarmSpec(
        "messages-postponed",
        "ticket",
        watched.postponed_messages(),
        20,
        3,
        "For 15 minutes, messages have failed and been put off, twenty or more in each five.",
        "Search the logs of work, embed, erase and deliver for 'a message failed': each line has the cause.",
    )


def _given_up(watched: Watched) -> Iterator[AlarmSpec]:
    """A function handles each dead letter within seconds, so sampling the queue each minute could miss them, but its
    invocations cannot be missed. A dead letter that it cannot handle comes back every six minutes; three periods in a
    row are more than two attempts.
    """
    yield AlarmSpec(
        "gave-up",
        "ticket",
        watched.functions["dead_letters"].metric_invocations(period=PERIOD),
        1,
        1,
        (
            "A message or record failed at every attempt. A file was marked as failed with a reason; other work is "
            "sent again, slowly."
        ),
        "Search the log of dead_letters for what was given up, and the log of embed, work or projector for the cause.",
    )
    yield AlarmSpec(
        "dead-letters",
        "page",
        watched.held(watched.dead_letters, "dead letters"),
        1,
        3,
        "Dead letters remain because they cannot be handled either. They are kept for 14 days.",
        "Read the log of dead_letters and repair the cause; they are handled at their next attempt.",
    )
    yield AlarmSpec(
        "stream-gave-up",
        "page",
        watched.held({"given_up": watched.given_up}, "records given up"),
        1,
        3,
        (
            "Records of the log's stream were given up and are not replayed yet, so some work has not begun. Nothing "
            "is lost: the log has them."
        ),
        (
            "Read the logs of dead_letters and projector. When the cause is gone, vectorlog verify names what "
            "differs, and rebuild repairs it."
        ),
    )
