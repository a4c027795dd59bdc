"""All that watches a stage: alarms, dashboard and saved queries."""

from __future__ import annotations

from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.configuration import Configuration
from infra.monitoring.alarms import Alarms
from infra.monitoring.dashboard import Dashboard
from infra.monitoring.queries import Queries
from infra.monitoring.watched import Watched


def monitor(scope: Construct, configuration: Configuration, watched: Watched, access_log: logs.ILogGroup) -> Alarms:
    """Makes them in the stack; returns the alarms."""
    alarms = Alarms(scope, "Alarms", configuration=configuration, watched=watched)
    Dashboard(scope, "Dashboard", configuration=configuration, watched=watched, alarms=alarms)
    Queries(scope, "Queries", configuration=configuration, watched=watched, access_log=access_log)
    return alarms
