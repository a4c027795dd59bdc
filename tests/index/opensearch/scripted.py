"""An OpenSearch server that answers from a list, and notes what it is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from opensearchpy import Connection, OpenSearch

from tests.support.waits import Waits
from vectorlog.index.opensearch.mapping import Json


@dataclass
class Request:
    method: str
    path: str
    params: dict[str, str]
    body: str
    timeout_s: float

    @property
    def lines(self) -> list[Json]:
        return [json.loads(line) for line in self.body.splitlines()]


@dataclass
class Script:
    """Answers requests from a list: a body, a function that makes one, a status with a body, or an exception."""

    noted: ClassVar[type[Request]] = Request
    """How requests are noted."""

    answers: list[Json | tuple[int, Json] | Exception | Callable[[], Json]]
    requests: list[Request] = field(default_factory=list)
    pauses: Waits = field(default_factory=Waits)

    def client(self) -> OpenSearch:
        script = self

        class Scripted(Connection):
            def perform_request(
                self,
                method: str,
                url: str,
                params: Any = None,
                body: Any = None,
                timeout: Any = None,
                ignore: Any = (),
                headers: Any = None,
            ) -> Any:
                script.requests.append(script.noted(method, url, dict(params or {}), (body or b"").decode(), timeout))
                answer = script.answers.pop(0)
                if isinstance(answer, Exception):
                    raise answer
                if callable(answer):
                    answer = answer()
                status, content = answer if isinstance(answer, tuple) else (200, answer)
                if status >= 300 and status not in ignore:
                    self._raise_error(status, json.dumps(content), "application/json")
                return status, {"content-type": "application/json"}, json.dumps(content)

        return OpenSearch("http://127.0.0.1:9", connection_class=Scripted, max_retries=0)

    @property
    def paths(self) -> list[str]:
        return [f"{each.method} {each.path}" for each in self.requests]
