"""What an OpenAI-compatible endpoint says when it refuses a request, and whether it would refuse every text.

The codes are from OpenAI's and Azure's API references, "Error codes". Where they leave it open, the status is believed
to be about the text, and `ReportingEmbedder` finds out whether the endpoint refuses any text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Fault: TypeAlias = Literal["busy", "text", "deployment"]
"""Whose fault it is that there is no answer, such as no vectors.

`busy`: the provider throttles, is down or cannot be reached, which passes. `text`: it refuses this text.
`deployment`: it refuses every text, because of the key, the model, the quota or the URL, until an operator repairs it.
"""

_LONGEST_REASON = 300

_KEY = "Check the key: VECTORLOG_{SETTINGS}_API_KEY, its file, or the secret on AWS."
_MODEL = "Check the {settings} settings: the endpoint does not offer this model, or not in this way."
_QUOTA = "Check the provider's plan and billing: the quota is used up."
_URL = "Check the {settings} settings: the base URL is not that of an OpenAI-compatible API."
_BY_CODE = {
    "invalid_api_key": _KEY,
    "incorrect_api_key": _KEY,
    "missing_api_key": _KEY,
    "account_deactivated": _KEY,
    "invalid_authentication": _KEY,
    "unsupported_country_region_territory": "Call the provider from a region that it supports.",
    "ip_not_authorized": "Let the provider accept calls from this address.",
    "insufficient_quota": _QUOTA,
    "billing_not_active": _QUOTA,
    "billing_hard_limit_reached": _QUOTA,
    "access_terminated": _QUOTA,
    "model_not_found": _MODEL,
    "invalid_model": _MODEL,
    "model_not_available": _MODEL,
    "model_not_supported": _MODEL,
    "deploymentnotfound": _MODEL,
    "operationnotsupported": _MODEL,
    "unknown_model": _MODEL,
    "unsupported_parameter": _MODEL,
    "unknown_parameter": _MODEL,
}
_BY_STATUS = {401: _KEY, 402: _QUOTA, 404: _MODEL, 405: _URL, 410: _MODEL, 415: _URL}
_SETTINGS = frozenset({"model", "dimensions", "encoding_format", "user", "input_type"})
"""The fields of a request that are the same for every text."""


class EndpointError(Exception):
    """An endpoint gave no answer; the message gives its reason, and the deployment's remedy if there is one.

    Attributes:
        retry_after: seconds that the provider asks to wait; None if it does not say.
        fault: whose it is.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, fault: Fault = "busy") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.fault: Fault = fault


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal; `code` and `kind` are `error.code` and `error.type` in lower case, `param` is `error.param`."""

    status: int
    reason: str
    code: str = ""
    kind: str = ""
    param: str = ""

    @classmethod
    def parse(cls, status: int, body: bytes) -> Refusal:
        """Reads OpenAI's form of an error, or what another server sent instead."""
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = None
        error = answer.get("error", answer) if isinstance(answer, dict) else None
        fields: Mapping[str, object] = error if isinstance(error, dict) else {}
        message = fields.get("message") if fields else error
        text = message if isinstance(message, str) else body.decode("utf-8", "replace")
        reason = " ".join(text.split())[:_LONGEST_REASON] or "no reason given"
        code, kind = str(fields.get("code") or "").lower(), str(fields.get("type") or "").lower()
        return cls(status, reason, code, kind, str(fields.get("param") or ""))

    @property
    def remedy(self) -> str | None:
        """What an operator must do, if every text is refused; None if it is about the text or passes by itself. It has
        places for the name of the endpoint's settings (`told`).
        """
        if found := _BY_CODE.get(self.code) or _BY_CODE.get(self.kind):
            return found
        if self.status == 400 and self.param in _SETTINGS:
            return _MODEL
        return _URL if 300 <= self.status < 400 else _BY_STATUS.get(self.status)

    def told(self, settings: str) -> str:
        """Returns the reason, and the remedy if there is one, for an endpoint with these settings: `embedding`."""
        if self.remedy is None:
            return self.reason
        return f"{self.reason} {self.remedy.format(settings=settings, SETTINGS=settings.upper())}"

    @property
    def of_key(self) -> bool:
        """Whether another key may help. A quota belongs to a key too, and 403 may be about its rights."""
        return self.remedy in (_KEY, _QUOTA) or self.status == 403
