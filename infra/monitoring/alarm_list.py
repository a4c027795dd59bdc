"""What is worth waking somebody for: each alarm with its threshold, its reason, and what to do when it rings."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.functions import FIRST_KEY, INDEX_ACCESS
from infra.monitoring.alarm_spec import BAD, MINUTE, AlarmSpec
from infra.monitoring.opensearch_alarms import opensearch_alarms
from infra.monitoring.watched import PERIOD, Watched

AT_DEPLOYS = {FIRST_KEY.handler, INDEX_ACCESS.handler}
"""What CloudFormation alone calls: it tells itself when they fail."""


def alarm_specs(watched: Watched) -> Iterator[AlarmSpec]:
    """Every alarm of a stack, the most telling first."""
    yield from _stuck(watched)
    yield from _given_up(watched)
    yield from _functions(watched)
    yield from _api(watched)
    yield from _tables(watched)
    if watched.domain is not None:
        yield from opensearch_alarms(watched.domain, watched.configuration)


def _stuck(watched: Watched) -> Iterator[AlarmSpec]:
    """A file waits for minutes at most, 23 with all of a queue's redelivery delays (`runtime.aws.records`); a day after
    its attach it is failed. An hour tells the two apart, and leaves 23 to repair things. A bulk load that takes longer
    rings too: raise `embed_concurrency`, or let it ring.

    The projector gives a record up after hours (`infra/triggers.py`). A batch takes seconds; five minutes are a few
    tries of one that fails.

    A message may wait 15 minutes for its time, and 23 for its next try, so an hour is not its own doing.
    """
    yield AlarmSpec(
        "oldest-open-file",
        watched.own("OldestOpenFileSeconds", "Maximum"),
        3_600,
        3,
        "A file has been in_progress for an hour, or the sweep, which tells its age each minute, does not run.",
        (
            "Look at the row 'Is it stuck?': messages wait (embed fails, is throttled or too narrow), or none do "
            "(the projector stands still)."
        ),
        BAD,
    )
    yield AlarmSpec(
        "stream-behind",
        watched.functions["projector"].metric("IteratorAge", statistic="Maximum", period=MINUTE),
        300_000,
        3,
        "The projector is five minutes behind the log, so no new work begins. Answers are still right.",
        "Read the projector's log. It goes on by itself once the cause is gone.",
    )
    for queue, function in (("work", "work"), ("embed", "embed")):
        yield AlarmSpec(
            f"{queue}-waiting",
            watched.oldest_message_s(queue),
            3_600,
            3,
            f"The oldest message of the queue {queue} was sent an hour ago.",
            f"Read the log of {function}: errors, throttling, or just more work than its concurrency does.",
        )


def _given_up(watched: Watched) -> Iterator[AlarmSpec]:
    """Dead letters have a function that settles each within seconds, so a look at the queue each minute could miss
    them: its invocations cannot be missed. What it cannot settle comes back every six minutes; three periods in a row
    are more than two tries.
    """
    yield AlarmSpec(
        "gave-up",
        watched.functions["dead_letters"].metric_invocations(period=PERIOD),
        1,
        1,
        (
            "Something failed every time that it was tried. A file was settled as failed with a reason; other work "
            "is sent again, slowly."
        ),
        "Search the log of dead_letters for what it was, and the log of embed, work or projector for why.",
    )
    yield AlarmSpec(
        "dead-letters",
        watched.held(watched.dead_letters, "dead letters"),
        1,
        3,
        "Dead letters stay where they are: they cannot be settled either. They are kept for 14 days.",
        "Read the log of dead_letters, repair the cause; they settle themselves at their next try.",
    )
    yield AlarmSpec(
        "stream-gave-up",
        watched.held({"given_up": watched.given_up}, "records given up"),
        1,
        3,
        (
            "Records of the log's stream were given up and are not replayed yet: some work has not begun. Nothing "
            "is lost; the log has them."
        ),
        (
            "Read the logs of dead_letters and projector. When the cause is gone, vectorlog verify names what "
            "differs, and rebuild mends it."
        ),
    )


def _functions(watched: Watched) -> Iterator[AlarmSpec]:
    """An error is a time-out, too little memory, or a fault of ours; what users do wrong and what providers refuse is
    none. Queues, stream and clients try again, so one or two may pass; the sweep, called least, has five in five
    minutes when it fails each time.

    Lambda throttles for seconds while it makes environments. A quarter of an hour of it means the account's quota. All
    functions share that, so one alarm does for all.
    """
    for name, function in watched.functions.items():
        if name in AT_DEPLOYS:
            continue
        yield AlarmSpec(
            f"errors-{name.replace('_', '-')}",
            function.metric_errors(period=PERIOD),
            3,
            1,
            f"The function {name} failed three times within five minutes.",
            (
                f"Search the log of {name} for ERROR and for 'Task timed out'; its traces in X-Ray show where the "
                f"time went."
            ),
        )
    yield AlarmSpec(
        "throttles",
        watched.throttles(),
        1,
        3,
        "Lambda has put off calls for a quarter of an hour: the account's concurrent executions do not suffice.",
        "Raise the quota 'Concurrent executions' of Lambda, or lower embed_concurrency.",
    )


def _api(watched: Watched) -> Iterator[AlarmSpec]:
    """One answer in a hundred, and five at least: a single fault on a quiet day rings for nobody.

    A search takes an embedding call and a query, 0.3 s together, and 2 s more where a function starts: five seconds for
    one request in twenty is neither. Few requests make a percentile jump, so CloudWatch is told to leave it alone then.
    """
    stage = watched.rest_api.deployment_stage
    errors, requests = stage.metric_server_error(period=PERIOD, statistic="Sum"), stage.metric_count(period=PERIOD)
    yield AlarmSpec(
        "api-errors",
        cloudwatch.MathExpression(
            expression="IF(errors >= 5, 100 * errors / requests, 0)",
            using_metrics={"errors": errors, "requests": requests},
            period=PERIOD,
            label="5xx, % of requests",
        ),
        1,
        1,
        "More than one request in a hundred was answered with a 5xx.",
        "Look at errors-api and errors-search first, then at the access log: its status and its integration's error.",
    )
    yield AlarmSpec(
        "api-slow",
        stage.metric_latency(period=PERIOD, statistic="p95"),
        5_000,
        3,
        "One request in twenty has taken more than five seconds for a quarter of an hour.",
        "X-Ray's map shows which call takes long: OpenSearch, the embedding provider, or DynamoDB.",
    )


def _tables(watched: Watched) -> Iterator[AlarmSpec]:
    """A table on demand refuses what is over twice its highest rate so far, for minutes, and one partition what is over
    1,000 writes a second (DynamoDB's guide, "On-demand capacity"). The adapters try again, for 1.6 s.

    Faults of the service are tried again too; AWS repairs them.
    """
    yield AlarmSpec(
        "tables-throttled",
        watched.table_throttles(),
        1,
        3,
        "DynamoDB has refused requests for their rate for a quarter of an hour.",
        (
            "Load grew fast: it passes by itself. If it stays, one store takes more than 1,000 writes a second: "
            "load it more slowly."
        ),
    )
    yield AlarmSpec(
        "tables-faulty",
        watched.table_errors(),
        5,
        3,
        "DynamoDB has had faults of its own for a quarter of an hour.",
        "Look at the AWS Health Dashboard. Nothing accepted is lost: what failed is tried again.",
    )
