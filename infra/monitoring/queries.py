"""Questions to the logs that are saved in the account. CloudWatch's console lists them below Logs Insights, Queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.configuration import Configuration
from infra.monitoring.watched import DEPLOY_HANDLERS, Watched

ANSWERING: Final = ("api", "search")
EXAMPLE = "req_00000000000000000000000000000000"
"""What an operator replaces by the id of a request."""


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query.

    Attributes:
        name: comes after `vectorlog-<stage>/`.
        of: the functions whose logs it reads, or all; `access` adds API Gateway's access log.
        text: in the language of Logs Insights.
    """

    name: str
    of: tuple[str, ...] | Literal["all"]
    text: str
    access: bool = False


QUERIES = (
    SavedQuery(
        "request",
        "all",
        f"""fields @timestamp, event, coalesce(reason, functionError, message) as what, stream, version, queue, type,
  model, texts, coalesce(status, code) as result, ms, @log
| filter @message like "{EXAMPLE}" or concat("req_", replace(request, "-", "")) = "{EXAMPLE}"
| sort @timestamp
| limit 1000""",
        access=True,
    ),
    SavedQuery(
        "failed files",
        ("projector",),
        """fields @timestamp, project, code, reason, store, file, batch, request_id
| filter event = "file_failed" and not ispresent(replayed)
| sort @timestamp desc
| limit 1000""",
    ),
    SavedQuery(
        "failed files by code",
        ("projector",),
        """filter event = "file_failed" and not ispresent(replayed)
| stats count(*) as files, latest(reason) as last_reason by project, code
| sort files desc""",
    ),
    SavedQuery(
        "slow requests",
        ANSWERING,
        """filter event = "request"
| stats count(*) as requests, pct(ms, 50) as p50, pct(ms, 95) as p95, max(ms) as slowest by route
| sort p95 desc""",
    ),
    SavedQuery(
        "requests by project",
        ANSWERING,
        """filter event = "request"
| stats count(*) as requests, pct(ms, 95) as p95 by project, route, status
| sort requests desc""",
    ),
    SavedQuery(
        "models",
        ("embed", "search"),
        """filter event in ["provider_called", "provider_refused"]
| stats count(*) as calls, sum(texts) as embedded, pct(ms, 95) as p95, latest(reason) as last_reason
  by event, model, code
| sort calls desc""",
    ),
    SavedQuery(
        "errors",
        "all",
        """fields @timestamp, level, event, coalesce(reason, message) as what, request_id, exception_name, @log
| filter level in ["ERROR", "CRITICAL"] or @message like "Task timed out"
| sort @timestamp desc
| limit 200""",
    ),
)


class Queries(Construct):
    """Saves every query with the log groups of this stage. They cost nothing until somebody runs them.

    Args:
        scope: parent construct.
        id: name below the parent.
        configuration: names the stage.
        watched: has the functions.
        access_log: of API Gateway.
    """

    def __init__(
        self, scope: Construct, id: str, *, configuration: Configuration, watched: Watched, access_log: logs.ILogGroup
    ) -> None:
        super().__init__(scope, id)
        for query in QUERIES:
            logs.CfnQueryDefinition(
                self,
                "".join(word.capitalize() for word in query.name.split()),
                name=f"vectorlog-{configuration.stage}/{query.name}",
                query_string=query.text,
                log_group_names=[*_groups(query, watched), *([access_log.log_group_name] if query.access else [])],
            )


def _groups(query: SavedQuery, watched: Watched) -> Sequence[str]:
    names = [name for name in watched.functions if name not in DEPLOY_HANDLERS] if query.of == "all" else query.of
    return [watched.functions[name].log_group.log_group_name for name in names]
