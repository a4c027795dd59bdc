"""Runs a function as a CloudFormation custom resource. It always reports its outcome, so that no deploy hangs.

The protocol is in CloudFormation's guide, "Custom resource request objects" and "Custom resource response objects".
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import urllib3

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MAX_REASON_CHARS = 1_000
"""In characters. A response may have at most 4,096 bytes."""

RETRY = urllib3.Retry(5, backoff_factor=0.5, status_forcelist=(500, 503), raise_on_status=False)
"""Retries S3's temporary errors for 15 seconds in all. A response that does not arrive blocks a deploy for an hour."""

log = logging.getLogger(__name__)


class AnswerRefused(Exception):
    """CloudFormation did not accept the response. Lambda runs the function again."""


def answer(event: Mapping[str, Any], context: LambdaContext, make: Callable[[Mapping[str, Any]], None]) -> None:
    """Calls `make` with the resource's properties on Create and Update, ignores Delete, and reports the outcome.

    An exception of `make` is reported as the deploy's error. `make` must be safe to repeat, because Lambda repeats an
    event that failed.

    Raises:
        AnswerRefused: the response was not accepted.
    """
    reason = ""
    try:
        if event["RequestType"] != "Delete":
            make(event["ResourceProperties"])
    except Exception as error:
        log.exception("the resource could not be created or updated")
        reason = f"{type(error).__name__}: {error}"[:MAX_REASON_CHARS] + f" (see log stream {context.log_stream_name})"
    body = {
        "Status": "FAILED" if reason else "SUCCESS",
        "Reason": reason,
        "PhysicalResourceId": event.get("PhysicalResourceId", event["LogicalResourceId"]),
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    _send(event["ResponseURL"], json.dumps(body))


def _send(address: str, body: str) -> None:
    """Sends the response to a signed S3 URL. The signature covers an empty content type."""
    response = urllib3.PoolManager().request(
        "PUT", address, body=body.encode(), headers={"content-type": ""}, timeout=10, retries=RETRY
    )
    if response.status >= 300:
        raise AnswerRefused(f"{response.status} {response.data[:500]!r}")
