"""The event log: the one table that everything else can be made of again."""

from __future__ import annotations

from constructs import Construct

from infra.configuration import Configuration
from infra.tables import table
from vectorlog.runtime import aws_tables


class EventLog(Construct):
    """Its `table` and that table's stream."""

    def __init__(self, scope: Construct, id: str, *, configuration: Configuration) -> None:
        super().__init__(scope, id)
        self.table = table(self, "Table", aws_tables.events(""), configuration=configuration)
