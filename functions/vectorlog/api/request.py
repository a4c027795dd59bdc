"""An HTTP request in the form that both editions pass to the app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vectorlog.api.input.form import Form

IGNORED_PARAMETER = "api-version"
"""A query parameter that clients for Azure add to every request. It says nothing that matters here."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        method: in capitals.
        path: from the root, with the dialect's prefix. Its parameters may still be percent-encoded.
        headers: names in lower case; several values of one name are joined by commas.
        query: the values of each parameter, in the order of the request.
        body: the bytes; for `multipart/form-data` the form, with its files on disk.
        request_id: `req_` and 32 hex digits; the response's `x-request-id`.
        mount: what comes before `path` in the address that the client used, such as the name of API Gateway's stage.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    body: bytes | Form
    request_id: str
    mount: str = ""

    @property
    def root(self) -> str:
        """The address of the server as the client named it, without a slash at its end."""
        scheme = "https" if self.headers.get("x-forwarded-proto") == "https" else "http"
        return f"{scheme}://{self.headers.get('host', '')}{self.mount}"

    @property
    def is_form(self) -> bool:
        """Whether the headers say that the body is a form."""
        return self.method == "POST" and self.headers.get("content-type", "").lower().startswith("multipart/form-data")

    def without(self, parameter: str) -> Request:
        """Returns the request without this query parameter."""
        if parameter not in self.query:
            return self
        return replace(self, query={name: values for name, values in self.query.items() if name != parameter})
