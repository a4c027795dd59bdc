"""The API as one function from a request to a response: it routes, checks keys and answers errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from vectorlog.api import auth, errors, unserved
from vectorlog.api.auth import Authenticate
from vectorlog.api.call import Call, SendBlob
from vectorlog.api.dialect import OPENAI, Dialect, dialect_of
from vectorlog.api.errors import WrongMethod
from vectorlog.api.input.form import Form
from vectorlog.api.request import Request
from vectorlog.api.response import Response
from vectorlog.api.routes import HEALTH, Probe, Route, find
from vectorlog.deployment import Deployment
from vectorlog.domain.errors import Refused, Unavailable
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log.codec import UnknownSchema
from vectorlog.use_cases.actor import Actor, idempotency_key

Handle = Callable[[Request], Response]
"""The type of `App.handle`, which the HTTP adapters of both editions call."""


@dataclass(frozen=True, slots=True)
class App:
    """Answers every request, and never raises.

    Both editions use it, so they treat ids, HEAD, trailing slashes and unsupported methods alike.

    Attributes:
        deployment: the deployment that the route handlers work on.
        authenticate: finds the project that a bearer token opens.
        send_blob: how this edition sends a stored file.
        probes: what this edition answers to GET by path, without a prefix and without a key.
    """

    deployment: Deployment
    authenticate: Authenticate
    send_blob: SendBlob
    probes: Mapping[str, Probe] = field(default_factory=lambda: HEALTH)

    def handle(self, request: Request) -> Response:
        """Returns the response to one request, and removes the form's files that no route has kept."""
        try:
            return self._route(request)
        finally:
            if isinstance(request.body, Form):
                request.body.discard()

    def _route(self, request: Request) -> Response:
        dialect = dialect_of(request.path)
        method = "GET" if request.method == "HEAD" else request.method
        path = request.path.rstrip("/")
        if path in self.probes:
            probe = self.probes[path]
            if method == "GET":
                return self._guarded(lambda: probe(self.deployment), OPENAI, "health", request)
            return errors.refusal(_wrong_method(request, {"GET"}), dialect, "")
        routes, ids = find(path.removeprefix(dialect.prefix)) if path.startswith(dialect.prefix) else ({}, {})
        if method in routes:
            return self._call(dialect, routes[method], ids, request)
        refused = _wrong_method(request, set(routes)) if routes else unserved.refuse(request.method, request.path)
        return errors.refusal(refused, dialect, "")

    def _call(self, dialect: Dialect, route: Route, ids: Mapping[str, str], request: Request) -> Response:
        project: str | None = None

        def handle() -> Response:
            nonlocal project
            caller = auth.caller(request.headers, self.authenticate)
            project = caller.project
            actor = _actor(caller, route, dialect, request)
            return route.handler(Call(self.deployment, self.send_blob, dialect, actor, ids, request))

        response = self._guarded(handle, dialect, route.operation, request)
        return replace(response, operation=route.operation, project=project)

    def _guarded(self, handle: Callable[[], Response], dialect: Dialect, operation: str, request: Request) -> Response:
        """Calls the handler, and turns what it raises into an error response. Every 5xx is logged and counted."""
        try:
            return handle()
        except Unavailable as error:
            response = errors.refusal(error, dialect, operation)
            self._report_failure(request, operation, response, error.message, fault=False)
        except Refused as error:
            response = errors.refusal(error, dialect, operation)
        except UnknownSchema as error:
            newer = Unavailable("A newer version of this server wrote the requested data. Update this server.")
            response = errors.refusal(newer, dialect, operation)
            self._report_failure(request, operation, response, str(error), fault=True)
        except Exception as error:  # noqa: BLE001  # logged with its traceback, and counted
            response = errors.unexpected(request.request_id)
            self._report_failure(request, operation, response, type(error).__name__, fault=True)
        return response

    def _report_failure(
        self, request: Request, operation: str, response: Response, reason: str, *, fault: bool
    ) -> None:
        self.deployment.telemetry.request_failed(
            request.request_id,
            method=request.method,
            path=request.path,
            route=operation,
            status=response.status,
            reason=reason,
            fault=fault,
        )


def refuse(request: Request, error: Refused) -> Response:
    """Returns the response to a request that could not be read because its form is broken or its body too large."""
    return errors.refusal(error, dialect_of(request.path), "")


def _actor(caller: Caller, route: Route, dialect: Dialect, request: Request) -> Actor:
    name = f"{request.method} {request.path.rstrip('/').removeprefix(dialect.prefix)}"
    value = auth.header(request.headers, "idempotency-key") if route.repeatable else None
    if value is None:
        return Actor(caller, request.request_id, name)
    body = request.body.digest() if isinstance(request.body, Form) else request.body
    return Actor(caller, request.request_id, name, idempotency_key(caller, name, value, body))


def _wrong_method(request: Request, known: set[str]) -> WrongMethod:
    allow = ", ".join(sorted(known | ({"HEAD"} if "GET" in known else set())))
    return WrongMethod(f"Not allowed: {request.method} {request.path}", allow=allow)
