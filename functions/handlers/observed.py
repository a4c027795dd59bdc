"""Logger, metrics and tracer, made once; Powertools' own variables set level, service and namespace.

The package logs by stdlib's `logging`. Its lines come out as Powertools' do: JSON, with their own fields and the
invocation's, such as `function_request_id`.
"""

from __future__ import annotations

import logging
import os

from aws_lambda_powertools import Logger, Metrics, Tracer

os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "vectorlog")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "vectorlog")

logger = Logger()
metrics = Metrics()
tracer = Tracer(patch_modules=("botocore",))  # all that it could patch is imported otherwise

_package = logging.getLogger("vectorlog")
if _package is not logging.getLogger(logger.service):  # a stage's service has a name of its own
    _package.handlers = [logger.logger_handler]
    _package.setLevel(logger.log_level)
    _package.propagate = False  # Lambda's root handler would write each line once more, as text
