"""Spans by OpenTelemetry, sent by OTLP over HTTP: of invocations, of calls of AWS, and of HTTP requests to OpenSearch
and to models.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind

from vectorlog.runtime.aws import trail

SEND_S = 2
"""How long an invocation waits for its spans to be sent: Lambda freezes the process when it has answered."""


class Spans:
    """Sends spans to an endpoint. Which share of the traces is kept say OpenTelemetry's own variables
    (`OTEL_TRACES_SAMPLER`), which the stack sets.

    Args:
        endpoint: URL that takes OTLP over HTTP; `/v1/traces` is added.
    """

    def __init__(self, endpoint: str) -> None:
        service = os.environ.get("POWERTOOLS_SERVICE_NAME", "vectorlog")
        function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": service, "faas.name": function, "cloud.provider": "aws"})
        )
        exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=SEND_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("vectorlog")
        BotocoreInstrumentor().instrument(tracer_provider=self._provider)  # type: ignore[no-untyped-call]
        URLLib3Instrumentor().instrument(tracer_provider=self._provider)

    @contextmanager
    def invocation(self, event: Mapping[str, Any], context: Any) -> Iterator[None]:  # noqa: ANN401  # Lambda's
        """A span for the block. It continues the trace of a request that brings one (`traceparent`), and has the ids
        by which its log lines are found. Its spans have been sent, or dropped, when the block ends.
        """
        kind = SpanKind.SERVER if "httpMethod" in event else SpanKind.CONSUMER
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        attributes = {"faas.invocation_id": str(context.aws_request_id), "vectorlog.requests": _requests(event)}
        try:
            with self._tracer.start_as_current_span(
                str(context.function_name), context=extract(headers), kind=kind, attributes=attributes
            ):
                yield
        finally:
            self._provider.force_flush(SEND_S * 1000)


def _requests(event: Mapping[str, Any]) -> list[str]:
    """The ids of the requests that an event is, or that caused its messages."""
    if "httpMethod" in event:
        return [trail.request_id(event)]
    bodies = (record["body"] for record in event.get("Records", ()) if "body" in record)
    return sorted({str(request) for body in bodies if (request := trail.about(body).get("request_id"))})
