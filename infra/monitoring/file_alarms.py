"""Alarms of files, of the providers that embed them, and of who is told about them."""

from __future__ import annotations

from collections.abc import Iterator

from infra.monitoring.alarm_spec import AlarmSpec
from infra.monitoring.file_metrics import failed, failed_share, postponed, refusals, webhooks_failed
from infra.monitoring.watched import Watched


def file_alarms(watched: Watched) -> Iterator[AlarmSpec]:
    """Every alarm of files, providers and webhooks."""
    yield from _waiting_for_an_operator(watched)
    yield from _failed(watched)
    yield from _refused(watched)
    yield from _others(watched)


def _waiting_for_an_operator(watched: Watched) -> Iterator[AlarmSpec]:
    """Files wait until an operator acts, and fail a day after their attach. Retries hide what passes by itself, so one
    refusal is enough. A waiting file is tried every 15 minutes at least, so the alarm may end and begin again.
    """
    yield AlarmSpec(
        "deployment-faults",
        "page",
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


def _failed(watched: Watched) -> Iterator[AlarmSpec]:
    """Files that end as failed, by the code that their users see. A `server_error` is ours; `rate_limit_exceeded` means
    that a provider refused a file for a whole day. The other codes are the file's own fault, and a single user can
    upload many such files, so only their share of all files that ended is watched, and that is nobody's emergency.
    """
    yield AlarmSpec(
        "files-failed-server",
        "page",
        failed(watched, "server_error"),
        5,
        1,
        "Within five minutes, five files have failed through no fault of their own (server_error).",
        "Run the saved query 'failed files': its reasons name the cause. Attach the files again once it is gone.",
    )
    yield AlarmSpec(
        "files-failed-busy",
        "page",
        failed(watched, "rate_limit_exceeded"),
        1,
        1,
        "A file has failed because the embedding provider refused it for a day (rate_limit_exceeded).",
        "Raise the provider's quota, or lower embed_concurrency; then attach the files again.",
    )
    yield AlarmSpec(
        "files-failed-share",
        "ticket",
        failed_share(watched),
        50,
        1,
        "Within an hour, half of the files that ended have failed, of twenty or more.",
        "Run the saved query 'failed files': by code and project it shows whether one user sends what cannot be read.",
    )


def _refused(watched: Watched) -> Iterator[AlarmSpec]:
    """A provider that is busy is asked again, and files wait meanwhile: a few refusals a minute are what a quota that
    is used well looks like. A hundred in each five minutes, for half an hour, mean that it is too small. A text that is
    refused fails its file.
    """
    yield from (
        AlarmSpec(
            "provider-busy" + number,
            "ticket",
            metric,
            100,
            6,
            "For half an hour, the embedding provider has refused calls because it is busy. Files wait; searches fail.",
            "Raise the provider's quota of requests or tokens, or lower embed_concurrency.",
            section="provider-busy",
        )
        for number, metric in refusals(watched, "temporary")
    )
    yield from (
        AlarmSpec(
            "provider-refuses-texts" + number,
            "ticket",
            metric,
            20,
            1,
            "Within five minutes, the embedding provider has refused twenty texts for good. Their files fail.",
            "Search the log of embed for provider_refused: it has the provider's reason.",
            section="provider-refuses-texts",
        )
        for number, metric in refusals(watched, "permanent")
    )
    yield AlarmSpec(
        "files-postponed",
        "ticket",
        postponed(watched),
        100,
        6,
        "For half an hour, files have been put off, a hundred or more in each five minutes.",
        "Search the log of embed for file_postponed: each line has the reason and the wait.",
    )


def _others(watched: Watched) -> Iterator[AlarmSpec]:
    """An endpoint is disabled after three days of failures, so its owner has to be told, and only once. Before that,
    failures of single endpoints are their owners' business; a hundred in each five minutes, for half an hour, may have
    their cause here.
    """
    yield AlarmSpec(
        "webhooks-disabled",
        "ticket",
        watched.disabled_webhooks(),
        1,
        1,
        "A webhook endpoint is disabled: its project's events are not sent to it any more.",
        (
            "Search the log of deliver for webhook_disabled: it names the endpoint, the project and the reason. Its "
            "owner enables it by a change; vectorlog events replay sends what it has missed."
        ),
    )
    yield AlarmSpec(
        "webhooks-failing",
        "ticket",
        webhooks_failed(watched),
        100,
        6,
        "For half an hour, many events could not be delivered to webhook endpoints or to the event bus.",
        "Search the log of deliver for webhook_failed. If many endpoints fail, the fault is likely here.",
    )
