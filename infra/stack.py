"""The stack: composes the parts, and says which function may do what to which of them."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.assets import Assets
from infra.configuration import Configuration
from infra.event_log import EventLog
from infra.functions import DEAD_LETTERS, EMBED, WORK, Functions
from infra.views import Views
from infra.work_queues import WorkQueues
from vectorlog.runtime import aws_stack


class VectorlogStack(Stack):
    """Everything of one stage. It names no account and no region, so that it can be synthesized anywhere."""

    def __init__(self, scope: Construct, id: str, *, configuration: Configuration, assets: Assets, **rest: Any) -> None:  # noqa: ANN401
        super().__init__(scope, id, termination_protection=configuration.keeps, **rest)
        event_log = EventLog(self, "EventLog", configuration=configuration)
        views = Views(self, "Views", configuration=configuration)
        queues = WorkQueues(self, "WorkQueues", work_timeout=WORK.timeout, embed_timeout=EMBED.timeout, dead_timeout=DEAD_LETTERS.timeout)
        functions = Functions(self, "Functions", configuration=configuration, assets=assets)
        self._output("events_table", event_log.table.table_name)
        self._output("views_table", views.table.table_name)
        self._output("work_queue", queues.work.queue_url)
        self._output("embed_queue", queues.embed.queue_url)

    def _output(self, field: str, value: str) -> None:
        """A field of `Deployment`, where `vectorlog … --stage` looks for it."""
        CfnOutput(self, aws_stack.output(field), value=value)
