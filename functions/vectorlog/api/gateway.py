"""What stands between a client and the resolver in the AWS edition: API Gateway's events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from vectorlog.api.form import Form
from vectorlog.api.multipart import BrokenForm, FormReader, FormTooLarge
from vectorlog.api.transport import Bytes
from vectorlog.defaults import GATEWAY_UPLOAD_BYTES
from vectorlog.domain.errors import Invalid, TooLarge
from vectorlog.files.blobs import Blobs

INLINE_LIMIT = 4_000_000
"""Bytes of a download that Lambda's 6 MB answer holds in base64; above it the client is sent to S3."""


def request_id(event: Mapping[str, Any]) -> str:
    """The id of an event's request: `req_` and 32 hex digits."""
    return "req_" + str(event["requestContext"]["requestId"]).replace("-", "")


class Gateway:
    """Reads forms out of events; sends small files itself, and points to S3 for larger ones.

    Args:
        spool: where uploads are put down, Lambda's /tmp.
        sign: a short-lived address of a blob's key, for a file of this name and type.
    """

    def __init__(self, spool: Path, sign: Callable[[str, str, str], str]) -> None:
        self._spool = spool
        self._sign = sign

    def request_id(self, event: BaseProxyEvent) -> str:
        """API Gateway's own, which its access log has too, in the form that clients know."""
        return request_id(event.raw_event)

    def form(self, content_type: str, body: bytes) -> Form | None:
        """The form of the body, its files in the spool folder."""
        if not content_type.lower().startswith("multipart/form-data"):
            return None
        try:
            reader = FormReader(content_type, self._spool, GATEWAY_UPLOAD_BYTES)
            reader.feed(body)
            return reader.finish()
        except BrokenForm as error:
            raise Invalid(str(error), code=None) from error
        except FormTooLarge as error:
            raise TooLarge(f"{error} Split the file.") from error

    def blob(self, blobs: Blobs, key: str, *, name: str, content_type: str) -> Bytes:
        """The bytes, or where they are."""
        size = blobs.size(key)
        if size is not None and size > INLINE_LIMIT:
            return Bytes(b"", {"location": self._sign(key, name, content_type)}, status=302)
        return Bytes(blobs.read(key), {})
