"""Moto behind HTTP, in its own process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

from local_aws.process import HOST


def serve(port: int) -> None:
    """Serves until it is killed."""
    run_simple(HOST, port, InTurn(DomainDispatcherApplication(create_backend_app)), threaded=True)


class InTurn:
    """Answers one request at a time: moto keeps an object in one file, which parallel threads would close and move
    under each other.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self._turn = threading.Lock()

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        """The call of a WSGI application."""
        with self._turn:
            return [b"".join(self._application(environ, start_response))]
