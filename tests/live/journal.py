"""A client's journal: every request as it is sent, and what became of it. It outlives the server."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx

Outcome = Literal["answered", "refused", "unknown", "unsent"]
"""`unknown`: the connection ended after the request was sent. `unsent`: nothing listened."""

ANSWER_S = 120.0
"""How long an answer may take. A request that takes longer fails the test, because its effect could still come."""


class Journal:
    """Lines of JSON in a file, one when a request is sent and one when its outcome is known, and their numbers."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._lines = path.open("a", buffering=1)
        self._sent = 0
        self.outcomes: Counter[Outcome] = Counter()
        self.answers = threading.Condition()

    def send(self, **what: object) -> int:
        """Writes a request down before it is sent; returns its number."""
        with self._lock:
            self._sent += 1
            self._lines.write(json.dumps({"number": self._sent, **what}) + "\n")
            return self._sent

    def end(self, number: int, outcome: Outcome, status: int = 0, said: str = "") -> None:
        """Writes an outcome down."""
        with self._lock:
            self._lines.write(
                json.dumps({"number": number, "outcome": outcome, "status": status, "said": said[:300]}) + "\n"
            )
        with self.answers:
            self.outcomes[outcome] += 1
            self.answers.notify_all()

    def wait_for_answers(self, more: int, seconds: float) -> None:
        """Returns when this many more requests were answered or refused.

        Raises:
            AssertionError: they were not within the time limit, so that the server or its clients hang.
        """
        with self.answers:
            wanted = self._answered() + more
            assert self.answers.wait_for(lambda: self._answered() >= wanted, seconds), "no more answers"

    def close(self) -> None:
        """Closes the file."""
        self._lines.close()

    def _answered(self) -> int:
        return self.outcomes["answered"] + self.outcomes["refused"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request: `status` and `body` if it was answered or refused."""

    outcome: Outcome
    status: int = 0
    body: Any = None

    @property
    def done(self) -> bool:
        """Whether it had its effect for certain."""
        return self.outcome == "answered"

    @property
    def possible(self) -> bool:
        """Whether it may have had its effect."""
        return self.outcome in ("answered", "unknown")


class Line:
    """One client's connection to the server, with its key. Everything sent over it is in the journal.

    Attributes:
        foreign: a word that no answer may have: only the other project's data have it.
    """

    def __init__(self, url: str, key: str, journal: Journal, foreign: str) -> None:
        self._client = httpx.Client(
            base_url=f"{url}/v1", headers={"authorization": f"Bearer {key}"}, timeout=ANSWER_S, trust_env=False
        )
        self._journal = journal
        self._foreign = foreign.encode()

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        upload: tuple[str, bytes] | None = None,
        key: str = "",
    ) -> Answer:
        """Sends a request once.

        Raises:
            AssertionError: the answer is a 5xx, or shows something of another project.
        """
        number = self._journal.send(method=method, path=path, body=body, upload=upload and upload[0], key=key)
        parts: dict[str, Any] = {"json": body} if body is not None else {}
        if upload:
            parts = {"files": {"file": upload}, "data": {"purpose": "assistants"}}
        try:
            answer = self._client.request(method, path, headers={"idempotency-key": key} if key else {}, **parts)
        except httpx.ConnectError:
            self._journal.end(number, "unsent")
            return Answer("unsent")
        except httpx.TimeoutException as error:
            raise AssertionError(f"request {number} hangs: {method} {path}") from error
        except httpx.TransportError as error:
            self._journal.end(number, "unknown", said=repr(error))
            return Answer("unknown")
        outcome: Outcome = "answered" if answer.status_code < 400 else "refused"
        self._journal.end(number, outcome, answer.status_code, answer.text)
        assert answer.status_code < 500, f"request {number}: {method} {path}: {answer.status_code} {answer.text}"
        assert self._foreign not in answer.content, f"request {number} shows something of another project"
        as_json = answer.headers.get("content-type", "").startswith("application/json")
        return Answer(outcome, answer.status_code, answer.json() if as_json else answer.content)

    def all(self, path: str) -> list[dict[str, Any]]:
        """Pages through a list, in the order of its items.

        Raises:
            AssertionError: a page was refused, or an item came twice.
        """
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            page = self.request("GET", f"{path}?limit=100&order=asc{after}")
            assert page.done, f"{path}: {page}"
            found += page.body["data"]
            if not page.body["has_more"]:
                break
            after = f"&after={page.body['last_id']}"
        ids = [item["id"] for item in found]
        assert len(ids) == len(set(ids)), f"{path} lists an item twice"
        return found

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()
