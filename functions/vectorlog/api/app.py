"""The API as one function from a plain request to a plain response: routing, keys, errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from vectorlog.api import auth, dialect, errors, unserved
from vectorlog.api.auth import Authenticate
from vectorlog.api.call import Call, SendBlob
from vectorlog.api.dialect import OPENAI, Dialect
from vectorlog.api.errors import WrongMethod
from vectorlog.api.input.form import Form
from vectorlog.api.request import Request
from vectorlog.api.response import Response
from vectorlog.api.routes import HEALTH, Route, find
from vectorlog.deployment import Deployment
from vectorlog.domain.errors import Refused, Unavailable
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log.codec import UnknownSchema
from vectorlog.use_cases.actor import Actor, idempotency_key

Handle = Callable[[Request], Response]
"""`App.handle`, as the editions' adapters call it."""


@dataclass(frozen=True, slots=True)
class App:
    """Answers every request, and never raises. Both editions route here, so ids, HEAD, trailing slashes and 405 are the
    same in both.

    Attributes:
        deployment: what the routes work on.
        authenticate: the project that a bearer token opens.
        send_blob: the edition's way of sending a stored file.
    """

    deployment: Deployment
    authenticate: Authenticate
    send_blob: SendBlob

    def handle(self, request: Request) -> Response:
        """The response to one request. The files of its form that no route kept are removed."""
        try:
            return self._route(request)
        finally:
            if isinstance(request.body, Form):
                request.body.discard()

    def _route(self, request: Request) -> Response:
        spoken = dialect.of(request.path)
        method = "GET" if request.method == "HEAD" else request.method
        path = request.path.rstrip("/")
        if path in HEALTH:
            probe = HEALTH[path]
            if method == "GET":
                return self._guarded(lambda: probe(self.deployment), OPENAI, "health", request)
            return errors.refusal(_wrong_method(request, {"GET"}), spoken, "")
        routes, ids = find(path.removeprefix(spoken.prefix)) if path.startswith(spoken.prefix) else ({}, {})
        if method in routes:
            return self._call(spoken, routes[method], ids, request)
        refused = _wrong_method(request, set(routes)) if routes else unserved.refuse(request.method, request.path)
        return errors.refusal(refused, spoken, "")

    def _call(self, spoken: Dialect, route: Route, ids: Mapping[str, str], request: Request) -> Response:
        project: str | None = None

        def handle() -> Response:
            nonlocal project
            caller = auth.caller(request.headers, self.authenticate)
            project = caller.project
            actor = _actor(caller, route, spoken, request)
            return route.handler(Call(self.deployment, self.send_blob, spoken, actor, ids, request))

        response = self._guarded(handle, spoken, route.operation, request)
        return replace(response, operation=route.operation, project=project)

    def _guarded(self, handle: Callable[[], Response], spoken: Dialect, operation: str, request: Request) -> Response:
        """The handler's response, or the one that tells what it raised. Every 5xx is logged and counted."""
        try:
            return handle()
        except Unavailable as error:
            response = errors.refusal(error, spoken, operation)
            self._tell(request, operation, response, error.message, fault=False)
        except Refused as error:
            response = errors.refusal(error, spoken, operation)
        except UnknownSchema as error:
            newer = Unavailable("A newer version of this server wrote what was asked for. Update this one.")
            response = errors.refusal(newer, spoken, operation)
            self._tell(request, operation, response, str(error), fault=True)
        except Exception as error:  # noqa: BLE001  # logged with its traceback, and counted
            response = errors.unexpected(request.request_id)
            self._tell(request, operation, response, type(error).__name__, fault=True)
        return response

    def _tell(self, request: Request, operation: str, response: Response, reason: str, *, fault: bool) -> None:
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
    """The response to a request that an edition could not read: its form is broken, or its body is too large."""
    return errors.refusal(error, dialect.of(request.path), "")


def _actor(caller: Caller, route: Route, spoken: Dialect, request: Request) -> Actor:
    name = f"{request.method} {request.path.removeprefix(spoken.prefix)}"
    value = auth.header(request.headers, "idempotency-key") if route.repeatable else None
    if value is None:
        return Actor(caller, request.request_id, name)
    body = request.body.digest() if isinstance(request.body, Form) else request.body
    return Actor(caller, request.request_id, name, idempotency_key(caller, name, value, body))


def _wrong_method(request: Request, known: set[str]) -> WrongMethod:
    allow = ", ".join(sorted(known | ({"HEAD"} if "GET" in known else set())))
    return WrongMethod(f"Not allowed: {request.method} {request.path}", allow=allow)
