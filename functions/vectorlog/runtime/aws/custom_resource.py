"""A function as CloudFormation's custom resource: it says how it ended, whatever happens, so that no deploy waits for
it in vain.

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

MOST_REASON = 1_000
"""Characters. An answer has 4,096 bytes at most."""

ANSWERING = urllib3.Retry(5, backoff_factor=0.5, status_forcelist=(500, 503), raise_on_status=False)
"""Fifteen seconds in all, for errors that S3 asks to repeat: an answer that does not arrive holds a deploy up for an
hour.
"""

log = logging.getLogger(__name__)


class AnswerRefused(Exception):
    """CloudFormation did not take the answer; Lambda runs the function again."""


def answer(event: Mapping[str, Any], context: LambdaContext, make: Callable[[Mapping[str, Any]], None]) -> None:
    """Has it made on Create and on Update, from its properties, and leaves it alone on Delete. What was raised is the
    deploy's error.

    It may be made again: Lambda repeats an event that failed.

    Raises:
        AnswerRefused: the answer did not arrive.
    """
    reason = ""
    try:
        if event["RequestType"] != "Delete":
            make(event["ResourceProperties"])
    except Exception as error:
        log.exception("the resource could not be made")
        reason = f"{type(error).__name__}: {error}"[:MOST_REASON] + f" (see log stream {context.log_stream_name})"
    body = {
        "Status": "FAILED" if reason else "SUCCESS",
        "Reason": reason,
        "PhysicalResourceId": event.get("PhysicalResourceId", event["LogicalResourceId"]),
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    _send(event["ResponseURL"], json.dumps(body))


def _send(address: str, body: str) -> None:
    """To a signed address in S3, which is signed for no content type."""
    taken = urllib3.PoolManager().request(
        "PUT", address, body=body.encode(), headers={"content-type": ""}, timeout=10, retries=ANSWERING
    )
    if taken.status >= 300:
        raise AnswerRefused(f"{taken.status} {taken.data[:500]!r}")
