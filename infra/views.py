"""The views: rows made from the log."""

from __future__ import annotations

from constructs import Construct

from infra.configuration import Configuration
from infra.tables import table
from vectorlog.runtime import aws_tables


class Views(Construct):
    """A table for each name that the configuration has: the first is read, all are written.

    They could be made of the log again (`vectorlog rebuild`), but that takes hours, so they are kept as the log is.
    """

    def __init__(self, scope: Construct, id: str, *, configuration: Configuration) -> None:
        super().__init__(scope, id)
        schema = aws_tables.views("")
        made = {
            name: table(self, f"Table{name}", schema, configuration=configuration, time_to_live=aws_tables.TTL_ATTRIBUTE)
            for name in sorted(configuration.views)
        }
        self.tables = [made[name] for name in configuration.views]
        self.table = self.tables[0]
