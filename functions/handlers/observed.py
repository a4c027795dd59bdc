"""Logger, metrics and tracer, made once; Powertools' own variables set level, service and namespace."""

from __future__ import annotations

import os

from aws_lambda_powertools import Logger, Metrics, Tracer

os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "vectorlog")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "vectorlog")

logger = Logger()
metrics = Metrics()
tracer = Tracer(patch_modules=("botocore",))  # all that it could patch is imported otherwise
