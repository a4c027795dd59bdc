"""The API as one function from a request to a response: it routes, checks keys and answers errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from vectorlog.api import auth, errors, failures, rate_headers, unprefixed, unserved
from vectorlog.api.auth import Authenticate
from vectorlog.api.call import JSON_EXPECTED, Call, SendBlob, SignPart, form_expected, no_direct_parts
from vectorlog.api.compression import check_uncompressed, compressed
from vectorlog.api.dialect import OPENAI, Dialect, dialect_of
from vectorlog.api.errors import WrongMethod
from vectorlog.api.input.form import Form, FormRule
from vectorlog.api.input.upload_forms import form_rule
from vectorlog.api.request import IGNORED_PARAMETER, Request
from vectorlog.api.response import Response
from vectorlog.api.routes import OPEN, Probe, Route, find
from vectorlog.deployment import Deployment
from vectorlog.domain.api_key import Credential
from vectorlog.domain.errors import DISK_FULL, Invalid, NoSpace, Refused, Unavailable, is_disk_full
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log.codec import UnknownSchema
from vectorlog.use_cases import limits
from vectorlog.use_cases.actor import Actor, idempotency_key

T = TypeVar("T")

Room = Callable[[int], None]
"""Raises `NoSpace` if this number of bytes would not fit the disk."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request whose head was accepted: its route is known, and its key is valid.

    Attributes:
        answer: answers the request with its body, and removes the form's files that no route has kept. Never raises.
        form: what the form may hold; None if the body is no form.
        frees: whether the request frees space, or makes that possible.
        operation: the operation of the route, for logs and metrics.
        project: the project of the request's key.
    """

    answer: Callable[[Request], Response]
    form: FormRule | None
    frees: bool
    operation: str
    project: str


Admit = Callable[[Request], Response | Admitted]
"""The type of `App.admit`, which the HTTP adapters of both editions call."""

Fit = Callable[[Response, Request], Response]
"""Returns an answer in a form that the edition can send."""


def as_it_is(response: Response, request: Request) -> Response:  # noqa: ARG001
    """Implements Fit for an edition that sends answers of any size."""
    return response


def endless(length: int) -> None:
    """Implements Room for a deployment whose disk has no end."""


@dataclass(frozen=True, slots=True)
class App:
    """Answers every request in two steps, and never raises.

    The first step needs only the head of a request: it finds the route and the caller, and refuses what can be refused
    without a body. So nobody sends, and no edition stores, a body for nothing. Both editions use it, so they check in
    the same order, and treat ids, HEAD, trailing slashes and unsupported methods alike.

    Attributes:
        deployment: the deployment that the route handlers work on.
        authenticate: finds what a bearer token stands for.
        send_blob: how this edition sends a stored file.
        probes: what this edition answers to GET by path, without a prefix and without a key.
        room: refuses everything that grows if the disk is full.
        take: refuses this number of bytes if they would not fit the disk, and counts them if they do.
        fit: gives a large answer a form that this edition can send.
    """

    deployment: Deployment
    authenticate: Authenticate
    send_blob: SendBlob
    probes: Mapping[str, Probe] = field(default_factory=lambda: OPEN)
    room: Room = endless
    take: Room = endless
    sign_part: SignPart = no_direct_parts
    fit: Fit = as_it_is

    def admit(self, head: Request) -> Response | Admitted:
        """Returns how to answer a request, or the response if its body is not needed.

        Args:
            head: the request without its body.
        """
        dialect = dialect_of(head.path)
        method = "GET" if head.method == "HEAD" else head.method
        path = head.path.rstrip("/")
        probe = self.probes.get(path) or unprefixed.page(path, head)
        if probe is not None:
            if method == "GET":
                return self._guarded(lambda: _compressed(probe(self.deployment), head), OPENAI, "health", head)
            return errors.refusal(_wrong_method(head, {"GET"}), dialect, "")
        prefixed = path.startswith(dialect.prefix)
        routes, ids = find(path.removeprefix(dialect.prefix)) if prefixed else unprefixed.find_route(path)
        if method in routes:
            admitted = self._admit(dialect, routes[method], ids, head)
            if isinstance(admitted, Response):
                return admitted if prefixed else unprefixed.refused(admitted, head)
            return admitted if prefixed else replace(admitted, answer=unprefixed.answering(admitted.answer))
        refused = _wrong_method(head, set(routes)) if routes else unserved.refuse(head.method, head.path)
        return errors.refusal(refused, dialect, "")

    def handle(self, request: Request) -> Response:
        """Answers a request whose body is there already: both steps in one."""
        admitted = self.admit(request)
        if isinstance(admitted, Admitted):
            return admitted.answer(request)
        if isinstance(request.body, Form):
            request.body.discard()
        return admitted

    def _admit(self, dialect: Dialect, route: Route, ids: Mapping[str, str], head: Request) -> Response | Admitted:
        project: str | None = None
        rate: dict[str, str] = {}

        def enter() -> Admitted:
            nonlocal project, rate
            credential = auth.credential(head.headers, self.authenticate)
            project = credential.project
            rate = rate_headers.of("requests_per_second", limits.count_request(self.deployment, project))
            caller = auth.caller(head.headers, credential)
            auth.check_scope(credential, route.scope)
            if route.method == "POST":
                if bool(route.file_field) != head.is_form:
                    raise Invalid(form_expected(route.file_field) if route.file_field else JSON_EXPECTED, code=None)
                check_uncompressed(head.headers)
            if route.grows:
                self.room(0)

            def answer(request: Request) -> Response:
                def handle() -> Response:
                    actor = _actor(caller, route, dialect, request)
                    sent = request.without(IGNORED_PARAMETER)
                    response = route.handler(self._call(dialect, credential, actor, ids, sent))
                    response = replace(response, operation=route.operation, project=project)
                    return self.fit(_compressed(response, request), request)

                try:
                    response = self._guarded(handle, dialect, route.operation, request)
                    return _told(response, route, project, rate)
                finally:
                    if isinstance(request.body, Form):
                        request.body.discard()

            frees = route.effect == "write" and not route.grows
            form = form_rule(route.file_field, self.deployment.upload_limits) if route.file_field else None
            return Admitted(answer, form, frees, route.operation, caller.project)

        entered = self._guarded(enter, dialect, route.operation, head)
        if isinstance(entered, Response):
            return _told(entered, route, project, rate)
        return entered

    def _call(
        self, dialect: Dialect, credential: Credential, actor: Actor, ids: Mapping[str, str], request: Request
    ) -> Call:
        return Call(
            self.deployment, self.send_blob, dialect, credential, actor, ids, request, self.take, self.sign_part
        )

    def _guarded(self, step: Callable[[], T], dialect: Dialect, operation: str, request: Request) -> T | Response:
        """Runs a step, and turns what it raises into an error response. Every 5xx is logged and counted."""
        try:
            return step()
        except Exception as error:  # noqa: BLE001  # becomes a response; an unexpected one is logged with its traceback
            return self._refusal(error, dialect, operation, request)

    def _refusal(self, error: Exception, dialect: Dialect, operation: str, request: Request) -> Response:
        refused, reason, fault = _understood(error)
        response = errors.refusal(refused, dialect, operation) if refused else errors.unexpected(request.request_id)
        failures.report(self.deployment, request, operation, response.status, reason, fault=fault)
        return response


def _told(response: Response, route: Route, project: str | None, rate: Mapping[str, str]) -> Response:
    """Returns a response with what its adapter logs, and with the headers of the limit of requests."""
    headers = {**rate, **response.headers}
    return replace(response, operation=route.operation, project=project, headers=headers)


def _understood(error: Exception) -> tuple[Refused | None, str, bool]:
    """Returns the refusal that an error stands for (None if it is unexpected), the reason for the log, and whether the
    error is a fault of the deployment.
    """
    match error:
        case Refused():
            return error, error.message, False
        case UnknownSchema():
            newer = Unavailable("A newer version of this server wrote the requested data. Update this server.")
            return newer, str(error), True
        case OSError() if is_disk_full(error):
            return NoSpace(DISK_FULL), str(error), False
        case _:
            return None, type(error).__name__, True


def refuse(request: Request, error: Refused) -> Response:
    """Returns the response to a request that could not be read because its form is broken or its body too large."""
    return errors.refusal(error, dialect_of(request.path), "")


def _compressed(response: Response, request: Request) -> Response:
    return compressed(response, request.headers.get("accept-encoding", ""))


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
