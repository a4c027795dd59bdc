"""A plain HTTP request: what both editions hand to the app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vectorlog.api.input.form import Form


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        method: in capitals.
        path: from the root, so it includes a dialect's prefix; percent-encoding may be left in its parameters.
        headers: names in lower case; several values of one name are joined by commas.
        query: the values of each parameter, in order.
        body: the bytes, or the form that was sent as `multipart/form-data`, with its files on disk.
        request_id: `req_` and 32 hex digits; the response's `x-request-id`.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    body: bytes | Form
    request_id: str
