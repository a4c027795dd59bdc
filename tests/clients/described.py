"""Checks that answers are what the server's own specification says: status, content type and every field."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import jsonschema_rs

Json = dict[str, Any]
METHODS = {"get", "post", "delete"}
EDGES = {404, 405, 413, 431}
"""What a server answers to a request that reaches no operation, or at its edge, whatever the path."""


def strict(schema: Any) -> Any:
    """A schema that also refuses fields which it does not name, unless it says that there may be others."""
    match schema:
        case dict():
            made = {name: strict(each) for name, each in schema.items()}
            return {"additionalProperties": False, **made} if "properties" in made else made
        case list():
            return [strict(each) for each in schema]
    return schema


@dataclass
class Specification:
    """An OpenAPI document.

    Attributes:
        urls: the servers whose answers are compared with it.
        seen: the operations that were answered with 200, as `(method, path)`.
        faults: what was answered otherwise than described.
    """

    document: Json
    urls: set[str] = field(default_factory=set)
    seen: set[tuple[str, str]] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._components = {"schemas": strict(self.document["components"]["schemas"])}
        self._error = self._validator({"$ref": "#/components/schemas/Error"})
        self._paths = [
            (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), path) for path in self.document["paths"]
        ]
        self._validators: dict[tuple[str, str, int], Any] = {}

    def note(self, method: str, url: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Notes an answer, and what is wrong with it."""
        self.faults += [
            f"{method} {url} answered {status}: {fault}" for fault in self._wrong(method, url, status, headers, body)
        ]

    def _wrong(self, method: str, url: str, status: int, headers: Mapping[str, str], body: bytes) -> list[str]:
        wrong = [] if headers.get("x-request-id") else ["it has no x-request-id"]
        path = next((path for pattern, path in self._paths if pattern.fullmatch(url)), None)
        operation = self.document["paths"].get(path, {}).get(method.lower(), {})
        response = operation.get("responses", {}).get(str(status))
        if method == "HEAD" or status in (206, 304):
            return wrong
        if response is None:
            if operation and status not in EDGES:
                return [*wrong, "the specification does not name this status"]
            return wrong + ([] if status < 400 else self._errors(self._error, headers, body))
        if status == 200:
            self.seen.add((method, str(path)))
        content = response.get("content", {})
        if "application/json" not in content:
            return wrong
        key = (method, str(path), status)
        if key not in self._validators:
            self._validators[key] = self._validator(content["application/json"]["schema"])
        return wrong + self._errors(self._validators[key], headers, body)

    def _validator(self, schema: Json) -> Any:
        return jsonschema_rs.Draft202012Validator({**strict(schema), "components": self._components})

    def _errors(self, validator: Any, headers: Mapping[str, str], body: bytes) -> list[str]:
        if headers.get("content-type") != "application/json":
            return [f"its type is {headers.get('content-type')}"]
        try:
            value = json.loads(body)
        except ValueError as error:
            return [f"its body is not JSON: {error}"]
        return [
            f"{'.'.join(map(str, each.instance_path))}: {each.message}"[:500] for each in validator.iter_errors(value)
        ]


def fetched(url: str) -> Specification:
    """The specification that a server serves."""
    answer = httpx.get(f"{url}/openapi.json", headers={"Accept-Encoding": "identity"}, timeout=60)
    assert answer.status_code == 200, answer.text
    return Specification(answer.json(), {url})
