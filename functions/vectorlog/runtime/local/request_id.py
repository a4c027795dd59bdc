"""The request for which the current thread works, so that every log line that it causes has the request's id."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import replace

from vectorlog.api.app import Admit, Admitted
from vectorlog.api.request import Request
from vectorlog.api.response import Response

_current: ContextVar[str] = ContextVar("request_id", default="")


@contextmanager
def working_for(request_id: str) -> Iterator[None]:
    """Until the block ends, this thread works for a request; "" is none."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)


def found_to_work_for(request_id: str) -> None:
    """Names the request inside of a block of `working_for` that began before it was known."""
    _current.set(request_id)


def still_for_it(step: Callable[[], None]) -> Callable[[], None]:
    """Wraps a step that another thread runs, so that it too works for this thread's request."""
    context = copy_context()
    return lambda: context.run(step)


def identified(admit: Admit) -> Admit:
    """Wraps `admit` so that it, and what it returns, work for the request that they are given."""

    def identified(head: Request) -> Response | Admitted:
        with working_for(head.request_id):
            admitted = admit(head)
        if isinstance(admitted, Response):
            return admitted
        answer = admitted.answer

        def identified_answer(request: Request) -> Response:
            with working_for(request.request_id):
                return answer(request)

        return replace(admitted, answer=identified_answer)

    return identified


class RequestIdFilter(logging.Filter):
    """Adds the field `request_id` to the records of a thread that works for a request, unless they have it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """See `logging.Filter`; every record passes."""
        request_id = _current.get()
        if request_id and not hasattr(record, "request_id"):
            record.request_id = request_id
        return True
