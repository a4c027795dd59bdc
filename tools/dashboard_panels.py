"""The panels of the Grafana dashboard, and what each asks of Prometheus."""

from __future__ import annotations

from collections.abc import Sequence

from tools.dashboard_queries import RATE, SERVER, Panel, now, quantile, rate

_FAILED = 'status=~"5.."'
_INGEST = 'queue=~"embed|slow"'
_SEARCH = 'route=~"search.*"'

ROWS: Sequence[tuple[str, Sequence[Panel]]] = (
    (
        "At a glance",
        (
            Panel(
                "Requests a second", "reqps", [("", rate("vectorlog_requests_total"))], "All routes together.", "stat"
            ),
            Panel(
                "Answered with a 5xx",
                "percentunit",
                [
                    (
                        "",
                        f"({rate('vectorlog_requests_total', where=_FAILED)} or vector(0)) "
                        f"/ {rate('vectorlog_requests_total')}",
                    )
                ],
                "The share of requests. The log has a line with the reason of each (event request_failed).",
                "stat",
                bad=0.01,
            ),
            Panel(
                "Files that wait",
                "short",
                [("", f"sum({now('vectorlog_queue_messages', _INGEST)})")],
                "Files that are to be read and embedded, with those under way.",
                "stat",
            ),
            Panel(
                "Oldest waiting message",
                "s",
                [("", f"max({now('vectorlog_queue_oldest_seconds')})")],
                "If it grows for many minutes, the server cannot keep up, or a provider refuses.",
                "stat",
                bad=600,
            ),
            Panel(
                "Free disk",
                "percentunit",
                [("", f"min({now('vectorlog_disk_free_bytes')} / {now('vectorlog_disk_bytes')})")],
                "Uploads are refused once only the reserve is left.",
                "stat",
            ),
            Panel(
                "Disk full",
                "bool_yes_no",
                [("", f"max({now('vectorlog_disk_full')})")],
                "Nothing may grow until something is deleted; searches and deletes work.",
                "stat",
                bad=1,
            ),
        ),
    ),
    (
        "Requests",
        (
            Panel(
                "Requests by status",
                "reqps",
                [("{{status}}", rate("vectorlog_requests_total", "status"))],
                "499 is a client that went away before the end of its answer.",
                stacked=True,
            ),
            Panel(
                "Requests by route",
                "reqps",
                [("{{route}}", f"topk(10, {rate('vectorlog_requests_total', 'route')})")],
                "The ten busiest routes, by the names of their operations.",
                stacked=True,
            ),
            Panel(
                "Time of searches",
                "s",
                [
                    (f"{share:.0%}", quantile(share, "vectorlog_request_seconds", where=_SEARCH))
                    for share in (0.5, 0.95, 0.99)
                ],
                "Half, 95 % and 99 % of the searches take no longer than this.",
            ),
            Panel(
                "Time of requests by route, 95 %",
                "s",
                [("{{route}}", f"topk(10, {quantile(0.95, 'vectorlog_request_seconds', 'route')})")],
                "The ten slowest routes. The time of an upload includes that of sending its bytes.",
            ),
            Panel(
                "Bytes of bodies",
                "Bps",
                [("{{direction}}", rate("vectorlog_http_body_bytes_total", "direction"))],
                "Without headers.",
            ),
            Panel(
                "Failed requests",
                "reqps",
                [("{{route}} {{status}}", rate("vectorlog_failed_requests_total", "route, status"))],
                "Requests that were answered with a 5xx.",
            ),
        ),
    ),
    (
        "Files",
        (
            Panel(
                "Files by outcome",
                "short",
                [
                    (
                        "{{outcome}} {{code}}",
                        f"sum by (outcome, code) (increase(vectorlog_files_total{{{SERVER}}}[{RATE}]))",
                    )
                ],
                "A postponed file waits and is tried again. The log says why each failed (event file_failed).",
                stacked=True,
            ),
            Panel(
                "Messages of each queue",
                "short",
                [("{{queue}} {{state}}", f"sum by (queue, state) ({now('vectorlog_queue_messages')})")],
                "embed and slow hold files; work holds what follows from requests; deliver holds webhooks.",
            ),
            Panel(
                "Age of the oldest waiting message",
                "s",
                [("{{queue}}", f"max by (queue) ({now('vectorlog_queue_oldest_seconds')})")],
                "0 if nothing waits.",
            ),
            Panel(
                "Commits that are not yet in lists",
                "short",
                [("{{instance}}", now("vectorlog_projector_behind"))],
                "How far the projector is behind the log. Requests show their own commits at once.",
            ),
        ),
    ),
    (
        "Embedding",
        (
            Panel(
                "Time of a call, 95 %",
                "s",
                [("{{model}} {{purpose}}", quantile(0.95, "vectorlog_embedding_seconds", "model, purpose"))],
                "With retries. A query is one text; documents come in rounds of many.",
            ),
            Panel(
                "Seconds of embedding in a second",
                "short",
                [("{{model}} {{purpose}}", rate("vectorlog_embedding_seconds_sum", "model, purpose"))],
                "How many calls are under way on average.",
            ),
            Panel(
                "Tokens a second",
                "short",
                [("{{model}} {{purpose}}", rate("vectorlog_embedding_tokens_total", "model, purpose"))],
                "Tokens of cl100k_base, whatever the model.",
            ),
            Panel(
                "Refusals",
                "short",
                [("{{model}} {{kind}}", rate("vectorlog_provider_refusals_total", "model, kind"))],
                "temporary: it was busy, and the files wait. permanent: a text. deployment: the settings or the key.",
            ),
        ),
    ),
    (
        "Index, disk and process",
        (
            Panel(
                "Bytes on disk",
                "bytes",
                [
                    ("index", f"sum({now('vectorlog_index_bytes')})"),
                    ("{{database}}", f"sum by (database) ({now('vectorlog_database_bytes')})"),
                ],
                "The log only grows. Large uploaded files lie beside these, in blobs/.",
                stacked=True,
            ),
            Panel(
                "Index in memory",
                "bytes",
                [
                    ("used", f"sum({now('vectorlog_index_memory_bytes')})"),
                    ("limit", f"sum({now('vectorlog_index_memory_limit_bytes')})"),
                ],
                "At the limit, stores are read from disk again when they are next searched.",
            ),
            Panel(
                "Memory of the server",
                "bytes",
                [("{{instance}}", now("process_resident_memory_bytes"))],
                "Without the child processes that read files.",
            ),
            Panel(
                "CPU of the server",
                "short",
                [("{{instance}}", f"rate({now('process_cpu_seconds_total')}[{RATE}])")],
                "1 is one core. Without the child processes that read files.",
            ),
            Panel(
                "Webhooks",
                "short",
                [
                    ("{{outcome}}", rate("vectorlog_webhooks_total", "outcome")),
                    ("disabled", rate("vectorlog_disabled_webhooks_total")),
                ],
                "failed counts each try; an endpoint is disabled after three days of failures.",
            ),
            Panel(
                "Faults of the deployment",
                "short",
                [("{{part}}", rate("vectorlog_deployment_faults_total", "part"))],
                "embedding: the settings of the provider. host: this machine. The log says what to do.",
            ),
        ),
    ),
)
