"""Logger, metrics and tracer, made once. Powertools' own variables set the level and the service: the stack names its stage there."""

from __future__ import annotations

import os

from aws_lambda_powertools import Logger, Metrics, Tracer

SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "vectorlog")

logger = Logger(service=SERVICE)
metrics = Metrics(namespace="vectorlog", service=SERVICE)
tracer = Tracer(service=SERVICE, patch_modules=("botocore",))  # all that it could patch is imported otherwise
