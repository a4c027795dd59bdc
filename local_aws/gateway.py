"""A stand-in for API Gateway: turns HTTP into a REST proxy event for the handler, and its answer into HTTP."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Executor
from typing import Any
from urllib.parse import parse_qsl

from local_aws.function import FunctionError
from local_aws.payloads import Invoke
from vectorlog.defaults import GATEWAY_TOO_LARGE

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]

log = logging.getLogger(__name__)

REQUEST_BYTES = 10 * 1024 * 1024
EVENT_BYTES = 6 * 1024 * 1024
"""API Gateway's limit for a request, and Lambda's for an event."""
ANSWER_BYTES = 6_291_556
"""Lambda's limit for an answer, as its `Function.ResponseSizeTooLarge` names it."""


class Gateway:
    """An ASGI app in front of handlers; `choose` gives the function for a method and path, as the routes say."""

    def __init__(self, choose: Callable[[str, str], Invoke], pool: Executor, stage: str = "local") -> None:
        self._choose = choose
        self._pool = pool
        self._stage = stage

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        body = b"" if int(announced) > REQUEST_BYTES else await _read(receive)
        event = self._event(scope, body)
        if max(len(body), int(announced)) > REQUEST_BYTES or len(json.dumps(event)) > EVENT_BYTES:
            await _send(send, _refused(413, GATEWAY_TOO_LARGE, "request_too_large"))
            return
        invoke = self._choose(scope["method"], scope["path"])
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._pool, invoke, event)
        except FunctionError:
            log.exception("%s %s", scope["method"], scope["path"])
            answer = _refused(502, "The function behind this URL failed; its log says why.", None)
        if answer is None:
            answer = _refused(502, "The function behind this URL returned no answer.", None)
        elif (size := len(json.dumps(answer, ensure_ascii=False).encode())) > ANSWER_BYTES:
            log.error("%s %s: the answer has %d bytes", scope["method"], scope["path"], size)
            answer = _refused(502, f"The function's answer of {size:,} bytes is larger than {ANSWER_BYTES:,}.", None)
        await _send(send, answer)

    def _event(self, scope: Scope, body: bytes) -> dict[str, Any]:
        headers: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in scope["headers"]:
            headers[name.decode("latin-1")].append(value.decode("utf-8", "replace"))
        query: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
            query[name].append(value)
        path, request = scope["raw_path"].decode("latin-1"), str(uuid.uuid4())  # as REST APIs do: still encoded
        return {
            "resource": "/{proxy+}",
            "path": path,
            "httpMethod": scope["method"],
            "headers": {name: values[-1] for name, values in headers.items()},
            "multiValueHeaders": dict(headers),
            "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
            "multiValueQueryStringParameters": dict(query) or None,
            "pathParameters": {"proxy": path.removeprefix("/")},
            "stageVariables": None,
            "requestContext": {
                "stage": self._stage,
                "requestId": request,
                "path": path,  # as behind a custom domain, where the address has no stage either
                "resourcePath": "/{proxy+}",
                "httpMethod": scope["method"],
                "identity": {"sourceIp": "127.0.0.1", "userAgent": headers.get("user-agent", [""])[0]},
            },
            "body": base64.b64encode(body).decode() or None,
            "isBase64Encoded": bool(body),  # the stack's `binaryMediaTypes` match every type
        }


async def _read(receive: Callable[[], Awaitable[Message]]) -> bytes:
    body, more = bytearray(), True
    while more and len(body) <= REQUEST_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


async def _send(send: Callable[[Message], Awaitable[None]], answer: dict[str, Any]) -> None:
    content: str = answer.get("body") or ""
    body = base64.b64decode(content) if answer.get("isBase64Encoded") else content.encode()
    values = {
        **{name: [value] for name, value in (answer.get("headers") or {}).items()},
        **(answer.get("multiValueHeaders") or {}),
    }
    headers = [(name.lower().encode(), str(each).encode()) for name, many in values.items() for each in many]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer["statusCode"], "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _refused(status: int, message: str, code: str | None) -> dict[str, Any]:
    kind = "invalid_request_error" if status < 500 else "server_error"
    error = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    headers = {"content-type": "application/json", "x-request-id": str(uuid.uuid4())}
    return {"statusCode": status, "headers": headers, "body": json.dumps(error)}
