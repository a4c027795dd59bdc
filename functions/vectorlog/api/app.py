"""The app: the route table in a Powertools resolver, with keys checked, errors told and answers written."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler.api_gateway import ApiGatewayResolver, Response
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from vectorlog.api import auth, dialect, errors
from vectorlog.api.auth import Authenticate
from vectorlog.api.dialect import DIALECTS, OPENAI, Dialect
from vectorlog.api.errors import UnknownRoute, WrongMethod
from vectorlog.api.form import Form
from vectorlog.api.request import Answer, Arrived, Request
from vectorlog.api.routes import HEALTH, ROUTES, Route, decoded, matching
from vectorlog.api.transport import Transport
from vectorlog.deployment import Deployment
from vectorlog.domain.errors import Refused, Unavailable
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log.codec import IdempotencyKey, UnknownSchema
from vectorlog.use_cases.actor import Actor, idempotency_key

R = TypeVar("R", bound=ApiGatewayResolver)
Run = Callable[[Callable[[], "Response[Any]"]], Awaitable["Response[Any]"]]
"""Runs a blocking function somewhere else than on the event loop."""

PROJECT = "x-vectorlog-project"
"""The header that tells the front (or a log) whose request it was."""

log = logging.getLogger(__name__)


def build(
    resolver: R, deployment: Deployment, *, authenticate: Authenticate, transport: Transport, run: Run | None = None
) -> R:
    """Registers every route in the resolver and gives it back.

    Args:
        deployment: what the routes work on.
        resolver: `HttpResolverLocal`, or `APIGatewayRestResolver` in Lambda.
        authenticate: the project of a bearer token.
        transport: the edition's way in and out.
        run: for an async resolver: where requests are served, e.g. in a thread pool; None serves them at once.
    """
    app, endpoint = _App(deployment, authenticate, transport), partial(_endpoint, resolver, transport, run)
    for path, check in HEALTH.items():
        resolver.route(path, "GET")(endpoint(partial(app.health, check)))
    for spoken in DIALECTS:
        for route in ROUTES:
            resolver.route(spoken.prefix + route.path, route.method)(endpoint(partial(app.serve, spoken, route)))
    unmatched = endpoint(app.unmatched)
    resolver.not_found(lambda _: unmatched())
    return resolver


@dataclass(frozen=True, slots=True)
class _App:
    deployment: Deployment
    authenticate: Authenticate
    transport: Transport

    def serve(self, spoken: Dialect, route: Route, arrived: Arrived) -> Answer:
        """Answers one request for a route."""
        project: dict[str, str] = {}

        def handle() -> Answer:
            caller = auth.caller(arrived.headers, self.authenticate)
            project[PROJECT] = caller.project
            form = self.transport.form(arrived.content_type, arrived.body)
            try:
                actor = _actor(caller, route, arrived, spoken, form)
                return route.handler(Request(self.deployment, self.transport, spoken, actor, arrived, form))
            finally:
                if form is not None:
                    form.discard()

        answer = _guarded(handle, spoken, route.operation, arrived)
        return Answer(answer.body, answer.status, {**project, **answer.headers})

    def health(self, check: Callable[[Deployment], Answer], arrived: Arrived) -> Answer:
        """Answers a probe."""
        return _guarded(lambda: check(self.deployment), OPENAI, "health", arrived)

    def unmatched(self, arrived: Arrived) -> Answer:
        """Answers what Powertools found no route for: ids with characters that it does not take, HEAD, a slash at the
        end, other methods, unknown paths.
        """
        spoken = dialect.of(arrived.path)
        method = "GET" if arrived.method == "HEAD" else arrived.method
        path = arrived.path.rstrip("/")
        below = path.removeprefix(spoken.prefix) if path.startswith(spoken.prefix) else ""
        found = list(matching(below))
        for route, ids in found:
            if route.method == method:
                return self.serve(spoken, route, replace(arrived, ids=ids))
        if path in HEALTH and method == "GET":
            return self.health(HEALTH[path], arrived)
        allowed = {route.method for route, _ in found} or ({"GET"} if path in HEALTH else set())
        asked = f"{arrived.method} {arrived.path}"
        if allowed:
            allow = ", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set())))
            return errors.refusal(WrongMethod(f"Not allowed: {asked}", allow=allow), spoken, "")
        return errors.refusal(UnknownRoute(f"Invalid URL ({asked})"), spoken, "")


def _endpoint(
    resolver: ApiGatewayResolver, transport: Transport, run: Run | None, serve: Callable[[Arrived], Answer]
) -> Callable[..., Any]:
    def write(arrived: Arrived) -> Response[Any]:
        return _written(serve(arrived))

    def at_once(**ids: str) -> Response[Any]:
        return write(_arrived(resolver.current_event, transport, ids))

    if run is None:
        return at_once
    elsewhere = run

    async def awaited(**ids: str) -> Response[Any]:
        # The current event belongs to this task, so it is read before another thread takes over.
        return await elsewhere(partial(write, _arrived(resolver.current_event, transport, ids)))

    return awaited


def _arrived(event: BaseProxyEvent, transport: Transport, ids: Mapping[str, str]) -> Arrived:
    body = event.body or ""
    return Arrived(
        method=event.http_method.upper(),
        path=event.path,
        headers={name.lower(): value for name, value in event.headers.items()},
        query=event.resolved_query_string_parameters or {},
        ids=decoded(ids),
        body=base64.b64decode(body) if event.is_base64_encoded else body.encode(),
        request_id=transport.request_id(event),
    )


def _actor(caller: Caller, route: Route, arrived: Arrived, spoken: Dialect, form: Form | None) -> Actor:
    value = auth.header(arrived.headers, "idempotency-key") if route.repeatable else None
    name = f"{arrived.method} {arrived.path.removeprefix(spoken.prefix)}"
    key: IdempotencyKey | None = None
    if value is not None:
        key = idempotency_key(caller, name, value, arrived.body if form is None else _digest(form))
    return Actor(caller, arrived.request_id, name, key)


def _digest(form: Form) -> bytes:
    """What makes two forms the same: their fields, and names and bytes of their files."""
    files = {name: (file.filename, file.sha256) for name, file in form.files.items()}
    return hashlib.sha256(json.dumps([form.fields, files], sort_keys=True).encode()).digest()


def _guarded(handle: Callable[[], Answer], spoken: Dialect, operation: str, arrived: Arrived) -> Answer:
    try:
        return handle()
    except Refused as error:
        return errors.refusal(error, spoken, operation)
    except UnknownSchema:
        log.exception("%s %r met newer data (%s)", arrived.method, arrived.path, arrived.request_id)
        return errors.refusal(
            Unavailable("A newer version of this server wrote what was asked for. Update this one."), spoken, operation
        )
    except Exception:
        log.exception("%s %r failed (%s)", arrived.method, arrived.path, arrived.request_id)
        return errors.unexpected(arrived.request_id)


def _written(answer: Answer) -> Response[Any]:
    if isinstance(
        answer.body, bytes
    ):  # its content type is among the headers, where Powertools does not take it for JSON to write
        return Response(answer.status, body=answer.body or "", headers=answer.headers)
    text = json.dumps(answer.body, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return Response(answer.status, "application/json", text, headers=answer.headers)
