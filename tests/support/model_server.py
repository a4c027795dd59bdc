"""A stand-in for a model behind OpenAI's API, `/v1/chat/completions` and `/v1/responses`, that uses its tools.

If the request has a function with a parameter `query` or `queries` and no result of a call yet, the model calls it: the
question is the query, and words such as `extension=pdf` at the question's end are further arguments. Else it answers
with what it was given: the results of its calls, or all that stands before the question. So an answer holds a passage
only if that was found and handed to the model.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class ModelServer:
    """The server, and the bodies that it has seen, with their paths, in order of arrival."""

    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"model": self}))
        self._server.daemon_threads = True

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the model says to a request."""
        if path == "/v1/responses":
            given = body["input"] if isinstance(body["input"], list) else [{"role": "user", "content": body["input"]}]
            results = [each["output"] for each in given if each.get("type") == "function_call_output"]
            call = None if results else _call(body.get("tools") or [], _question(given))
            return _response(body["model"], call, _said(given, results))
        messages = body["messages"]
        results = [each["content"] for each in messages if each["role"] == "tool"]
        functions = [each["function"] for each in body.get("tools") or [] if each["type"] == "function"]
        call = None if results else _call(functions, _question(messages))
        return _completion(body["model"], call, _said(messages, results))


class _Handler(BaseHTTPRequestHandler):
    model: ModelServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.model.requests.append((self.path, body))
        known = self.path in ("/v1/chat/completions", "/v1/responses")
        answer = self.model.answer(self.path, body) if known else {"error": {"message": f"no {self.path}"}}
        content = json.dumps(answer).encode()
        self.send_response(200 if known else 404)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Stays silent."""


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(part.get("text", "") for part in content)
    return content or ""


def _question(messages: Sequence[Mapping[str, Any]]) -> str:
    return _text(next(each["content"] for each in reversed(messages) if each.get("role") == "user"))


def _said(messages: Sequence[Mapping[str, Any]], results: Sequence[Any]) -> str:
    return "It says:\n" + "\n".join(_text(each) for each in results or [each.get("content") for each in messages])


def _call(functions: Sequence[Mapping[str, Any]], question: str) -> tuple[str, dict[str, Any]] | None:
    """The function to call, with its arguments, or None."""
    words = question.split()
    named: dict[str, Any] = {}
    while words and "=" in words[-1]:
        name, _, value = words.pop().partition("=")
        named[name] = json.loads(value) if value[:1] in "{[" else value
    query = " ".join(words)
    for each in functions:
        properties = each.get("parameters", {}).get("properties", {})
        if {"query", "queries"} & set(properties) and set(named) <= set(properties):
            asked = {"query": query} if "query" in properties else {"queries": [query]}
            return each["name"], asked | named
    return None


def _completion(model: str, call: tuple[str, dict[str, Any]] | None, text: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if call is not None:
        function = {"name": call[0], "arguments": json.dumps(call[1])}
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "finish_reason": "tool_calls" if call else "stop", "message": message}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def _response(model: str, call: tuple[str, dict[str, Any]] | None, text: str) -> dict[str, Any]:
    output: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    }
    if call is not None:
        output = {
            "id": "fc_1",
            "type": "function_call",
            "status": "completed",
            "call_id": "call_1",
            "name": call[0],
            "arguments": json.dumps(call[1]),
        }
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": model,
        "output": [output],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2, **details},
    }
