"""Logs and counts answers of 5xx."""

from __future__ import annotations

from http import HTTPStatus

from vectorlog.api.request import Request
from vectorlog.deployment import Deployment


def report(deployment: Deployment, request: Request, route: str, status: int, reason: str, *, fault: bool) -> None:
    """Logs and counts the answer to a request, if it is a failure that is not the caller's.

    Args:
        deployment: whose telemetry is told.
        request: the request.
        route: the operation.
        status: of the answer.
        reason: why, in a sentence or a word.
        fault: whether it is a fault of the deployment.
    """
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        deployment.telemetry.request_failed(
            request.request_id,
            method=request.method,
            path=request.path,
            route=route,
            status=status,
            reason=reason,
            fault=fault,
        )
