"""Logger, metrics and tracer, made once; Powertools' own variables set level, service and namespace."""

from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics, Tracer

logger = Logger(service="vectorlog")
metrics = Metrics(namespace="vectorlog", service="vectorlog")
tracer = Tracer(service="vectorlog", patch_modules=("botocore",))  # all that it could patch is imported otherwise
