"""The functions' logger and metrics. Powertools' own variables set level, service and namespace.

The package logs with the standard library. Its lines are formatted like Powertools' own: as JSON, with their own fields
and those of the invocation, such as `function_request_id`.
"""

from __future__ import annotations

import logging
import os

from aws_lambda_powertools import Logger, Metrics

os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "vectorlog")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "vectorlog")

logger = Logger()
metrics = Metrics()

_package = logging.getLogger("vectorlog")
if _package is not logging.getLogger(logger.service):  # on AWS, the service is named after the stage
    _package.handlers = [logger.logger_handler]
    _package.setLevel(logger.log_level)
    _package.propagate = False  # otherwise Lambda's root handler would write each line again, as text
