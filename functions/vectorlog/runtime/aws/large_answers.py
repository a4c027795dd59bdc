"""Answers that are too large for Lambda: they are sent by S3, from a signed URL to which the client is redirected."""

from __future__ import annotations

from dataclasses import replace

from vectorlog.api.request import Request
from vectorlog.api.response import Response, see_other
from vectorlog.files.answers import folder
from vectorlog.runtime.aws import wiring

INLINE_LIMIT = 4_000_000
"""The size in bytes of a body that fits Lambda's answer of 6 MB in base64."""
SIGNED_FOR_S = 300
"""How long a signed URL is valid."""


def fit(response: Response, request: Request) -> Response:
    """Returns the response, or a redirect to an object that holds the same body. Implements Fit.

    A lifecycle rule of the bucket deletes the object after a day. Its key begins with the project's folder, so that an
    erasure can delete the answers of a project before (`reactions/erasure.py`).
    """
    if len(response.content) <= INLINE_LIMIT or request.method == "HEAD":
        return response
    key = f"{folder(response.project or '')}{request.request_id}"
    wiring.blobs().put([(key, response.content)])
    content = {name: response.headers.get(name, "") for name in ("content-type", "content-encoding")}
    location = wiring.blobs().body_url(
        key, SIGNED_FOR_S, content_type=content["content-type"], encoding=content["content-encoding"]
    )
    kept = {name: value for name, value in response.headers.items() if name not in content}
    return replace(see_other(location, kept), operation=response.operation, project=response.project)
