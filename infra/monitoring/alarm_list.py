"""Every alarm, with its threshold, the reason for it, and what to do when it rings."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.monitoring.alarm_spec import ALARM_IF_MISSING, MINUTE, AlarmSpec
from infra.monitoring.collection_metrics import collection_alarms
from infra.monitoring.opensearch_alarms import opensearch_alarms
from infra.monitoring.watched import DEPLOY_HANDLERS, PERIOD, Watched


def alarm_specs(watched: Watched) -> Iterator[AlarmSpec]:
    """Every alarm of a stack, the most important first."""
    yield from _waiting_for_an_operator(watched)
    yield from _stuck(watched)
    yield from _given_up(watched)
    yield from _others(watched)
    yield from _functions(watched)
    yield from _api(watched)
    yield from _tables(watched)
    if watched.domain is not None:
        yield from opensearch_alarms(watched.domain, watched.configuration)
    if watched.collection is not None:
        yield from collection_alarms(watched.collection)


def _stuck(watched: Watched) -> Iterator[AlarmSpec]:
    """A file waits for minutes at most, 23 with all of a queue's redelivery delays (`runtime.aws.records`); a day after
    its attach it is failed. An hour tells the two apart, and leaves 23 to repair things. A bulk load that takes longer
    rings too: raise `embed_concurrency`, or let it ring.

    The projector gives up a record after hours (`infra/triggers.py`). A batch takes seconds, so five minutes are a few
    attempts at a failing one.

    A message may be delayed for 15 minutes and wait 23 minutes for its next attempt, so an hour has another cause.
    """
    yield AlarmSpec(
        "oldest-open-file",
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
        "stream-behind",
        watched.functions["projector"].metric("IteratorAge", statistic="Maximum", period=MINUTE),
        300_000,
        3,
        "The projector is five minutes behind the log, so no new work begins. Answers are still correct.",
        "Read the projector's log. It continues by itself once the cause is gone.",
    )
    for queue, function in (("work", "work"), ("embed", "embed"), ("erase", "erase"), ("deliver", "deliver")):
        yield AlarmSpec(
            f"{queue}-waiting",
            watched.oldest_message_s(queue),
            3_600,
            3,
            f"The oldest message of the queue {queue} was sent an hour ago.",
            f"Read the log of {function}: errors, throttling, or more work than its concurrency can handle.",
        )


def _waiting_for_an_operator(watched: Watched) -> Iterator[AlarmSpec]:
    """Files wait until an operator acts, and fail a day after their attach. Retries hide what passes by itself, so one
    refusal is enough. A waiting file is tried every 15 minutes at least, so the alarm may end and begin again.
    """
    yield AlarmSpec(
        "deployment-faults",
        watched.deployment_faults(),
        1,
        1,
        (
            "Files wait, because the embedding provider refuses every text (key, model access, quota), or because the "
            "functions lack something, such as memory. A day after its attach, a file that still waits fails."
        ),
        (
            "Search the logs of embed and search for provider_refused and host_refused: each names the remedy. A new "
            "key in the secret is used within seconds."
        ),
    )


def _others(watched: Watched) -> Iterator[AlarmSpec]:
    """An endpoint is disabled after three days of failures, so its owner has to be told, and only once."""
    yield AlarmSpec(
        "webhooks-disabled",
        watched.disabled_webhooks(),
        1,
        1,
        "A webhook endpoint is disabled: its project's events are not sent to it any more.",
        (
            "Search the log of deliver for webhook_disabled: it names the endpoint, the project and the reason. Its "
            "owner enables it by a change; vectorlog events replay sends what it has missed."
        ),
    )


def _given_up(watched: Watched) -> Iterator[AlarmSpec]:
    """A function handles each dead letter within seconds, so sampling the queue each minute could miss them, but its
    invocations cannot be missed. A dead letter that it cannot handle comes back every six minutes; three periods in a
    row are more than two attempts.
    """
    yield AlarmSpec(
        "gave-up",
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
        watched.held(watched.dead_letters, "dead letters"),
        1,
        3,
        "Dead letters remain because they cannot be handled either. They are kept for 14 days.",
        "Read the log of dead_letters and repair the cause; they are handled at their next attempt.",
    )
    yield AlarmSpec(
        "stream-gave-up",
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


def _functions(watched: Watched) -> Iterator[AlarmSpec]:
    """An error is a time-out, too little memory, or a bug of ours; wrong requests and refusals of providers do not
    count. Queues, stream and clients retry, so one or two errors may pass. The sweep is called least often, and has
    five errors in five minutes if it always fails.

    Lambda throttles for seconds while it starts environments. A quarter of an hour of throttling means that the
    account's quota is reached. All functions share it, so one alarm covers all.
    """
    for name, function in watched.functions.items():
        if name in DEPLOY_HANDLERS:
            continue
        yield AlarmSpec(
            f"errors-{name.replace('_', '-')}",
            function.metric_errors(period=PERIOD),
            3,
            1,
            f"The function {name} failed three times within five minutes.",
            (
                f"Search the log of {name} for ERROR and for 'Task timed out'; its traces in X-Ray show what took "
                f"the time."
            ),
        )
    yield AlarmSpec(
        "throttles",
        watched.throttles(),
        1,
        3,
        "Lambda has throttled calls for 15 minutes: the account's quota of concurrent executions is too low.",
        "Raise the quota 'Concurrent executions' of Lambda, or lower embed_concurrency.",
    )


def _api(watched: Watched) -> Iterator[AlarmSpec]:
    """One answer in a hundred, and at least five, so that a single fault on a quiet day wakes nobody.

    A search takes an embedding call and a query, together 0.3 s, and 2 s more if a function starts. Five seconds for
    one request in twenty has another cause. A percentile of few requests jumps, so CloudWatch ignores it then.
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
        "Look at errors-api and errors-search first, then at the status and functionError in the access log.",
    )
    yield AlarmSpec(
        "api-slow",
        stage.metric_latency(period=PERIOD, statistic="p95"),
        5_000,
        3,
        "For 15 minutes, one request in twenty has taken more than five seconds.",
        "X-Ray's map shows which call is slow: OpenSearch, the embedding provider, or DynamoDB.",
    )


def _tables(watched: Watched) -> Iterator[AlarmSpec]:
    """An on-demand table refuses requests above twice its highest rate so far, for minutes, and a partition refuses
    more than 1,000 writes a second (DynamoDB's guide, "On-demand capacity"). The adapters retry for 1.6 s.

    Faults of the service are retried too; AWS repairs them.
    """
    yield AlarmSpec(
        "tables-throttled",
        watched.table_throttles(),
        1,
        3,
        "For 15 minutes, DynamoDB has throttled requests.",
        (
            "If the load grew fast, it passes by itself. If it stays, one store takes more than 1,000 writes a second: "
            "load it more slowly."
        ),
    )
    yield AlarmSpec(
        "tables-faulty",
        watched.table_errors(),
        5,
        3,
        "For 15 minutes, DynamoDB has answered with internal errors.",
        "Look at the AWS Health Dashboard. Nothing accepted is lost: failed calls are retried.",
    )
