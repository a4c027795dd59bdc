"""Traces of a function, if the deployment names an endpoint that takes them by OTLP (`VECTORLOG_OTLP_ENDPOINT`).

Without one, nothing of OpenTelemetry is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias, TypeVar

from vectorlog.runtime.aws.environment import Environment

R = TypeVar("R")
Handler: TypeAlias = Callable[[dict[str, Any], Any], R]


def traced(handle: Handler[R]) -> Handler[R]:
    """Has a span for each invocation of a handler, with spans for the calls that it makes."""
    endpoint = Environment.from_environment().otlp_endpoint
    if not endpoint:
        return handle
    from vectorlog.runtime.aws.spans import Spans

    spans = Spans(endpoint)

    @wraps(handle)
    def with_spans(event: dict[str, Any], context: Any) -> R:  # noqa: ANN401  # Lambda's
        with spans.invocation(event, context):
            return handle(event, context)

    return with_spans
