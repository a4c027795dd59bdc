"""The views: rows made from the log."""

from __future__ import annotations

from constructs import Construct

from infra.configuration import Configuration
from infra.tables import table
from vectorlog.runtime import aws_tables


class Views(Construct):
    """Their `table`. It could be made of the log again, but that takes hours, so it is kept as the log is."""

    def __init__(self, scope: Construct, id: str, *, configuration: Configuration) -> None:
        super().__init__(scope, id)
        self.table = table(self, "Table", aws_tables.views(""), configuration=configuration, time_to_live=aws_tables.TTL_ATTRIBUTE)
