"""Which request a log line is about."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from vectorlog.api.app import Admitted
from vectorlog.api.request import Request
from vectorlog.api.response import Response
from vectorlog.runtime.local.request_id import RequestIdFilter, identified, still_for_it, working_for

log = logging.getLogger("any.library")


@pytest.fixture
def ids() -> Iterator[list[str]]:
    """The request id of each line, "" where it has none."""
    found: list[str] = []

    class Noting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(getattr(record, "request_id", ""))

    handler = Noting()
    handler.addFilter(RequestIdFilter())
    log.addHandler(handler)
    yield found
    log.removeHandler(handler)


def test_both_steps(ids: list[str]) -> None:
    """Whatever a request causes to be logged has its id, in both steps of its answer; what follows has not."""

    def admit(head: Request) -> Admitted:
        log.warning("admitting")
        return Admitted(answer, None, False, "x", "p")

    def answer(request: Request) -> Response:
        log.warning("answering")
        return Response(200)

    head = Request("GET", "/", {}, {}, b"", "req_1")
    admitted = identified(admit)(head)
    log.warning("between")
    assert isinstance(admitted, Admitted)
    assert admitted.answer(head).status == 200
    log.warning("after")
    assert ids == ["req_1", "", "req_1", ""]


def test_own_id(ids: list[str]) -> None:
    """A line that names a request itself keeps that."""
    with working_for("req_1"):
        log.warning("of another", extra={"request_id": "req_2"})
    assert ids == ["req_2"]


def test_another_thread(ids: list[str]) -> None:
    """What a request leaves to another thread has its id too."""
    with working_for("req_1"):
        thread = threading.Thread(target=still_for_it(lambda: log.warning("later")))
    thread.start()
    thread.join()
    assert ids == ["req_1"]
