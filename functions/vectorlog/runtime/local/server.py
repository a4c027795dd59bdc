"""The HTTP server of the local edition."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor

import uvicorn
from starlette.types import ASGIApp

from vectorlog.api import auth
from vectorlog.api.app import App
from vectorlog.api.resources import health
from vectorlog.api.response import Response
from vectorlog.api.routes import HEALTH
from vectorlog.deployment import Deployment
from vectorlog.domain.errors import DISK_FULL, Unavailable
from vectorlog.files.blobs import Blobs
from vectorlog.runtime.local import logs
from vectorlog.runtime.local.http import asgi_app
from vectorlog.runtime.local.protocol import Protocol
from vectorlog.runtime.local.service import Local
from vectorlog.runtime.local.settings import MB, listed
from vectorlog.use_cases import api_keys

BODY_LIMIT = 6 * MB
"""The limit for any body but an upload. 2,000 files that each have 16 attributes of 512 characters would exceed it,
but few requests come near it.
"""
THREADS = 32
"""How many requests are answered at the same time. Their appends share fsyncs."""
SHUTDOWN_S = 5
DISK_RETRY_S = 10
"""When to ask again whether the disk has room. Somebody has to free it, which takes longer than a second."""
KEEP_ALIVE_S = 75
"""Longer than clients keep an idle connection (httpx 5 s, nginx 60 s). So the client closes it, and never sends a
request on a connection that the server has just closed.
"""


class Server:
    """The HTTP server. It listens from construction on, and `run` serves until SIGINT or SIGTERM.

    Raises:
        OSError: it cannot listen on the address.
    """

    def __init__(self, local: Local) -> None:
        self._local = local
        self._socket = _listen(local.settings.host, local.settings.port)
        host, port = self._socket.getsockname()[:2]
        self._loopback = ipaddress.ip_address(host).is_loopback
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"

    @property
    def any_key(self) -> bool:
        """Whether a key was ever created. If so, keys are required."""
        return api_keys.any_key(self._local.deployment)

    @property
    def open(self) -> bool:
        """Whether any bearer token is accepted: on loopback, before the first key is created."""
        return self._loopback and not self.any_key

    def run(self) -> None:
        """Serves until a signal stops it. Requests that are under way are still answered."""
        self._local.start()
        with ThreadPoolExecutor(THREADS, thread_name_prefix="request") as pool:
            config = uvicorn.Config(
                self._app(pool),
                http=Protocol,
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=SHUTDOWN_S,
                timeout_keep_alive=KEEP_ALIVE_S,
                server_header=False,
            )
            uvicorn.Server(config).run(sockets=[self._socket])

    def _app(self, pool: Executor) -> ASGIApp:
        deployment, settings = self._local.deployment, self._local.settings
        authenticate = (auth.open_until_first_key if self._loopback else auth.keys_required)(deployment)
        probes = {**HEALTH, "/readyz": self._ready, "/metrics": lambda _: self._metrics()}
        return asgi_app(
            App(deployment, authenticate, send_blob, probes, self._local.disk.room).admit,
            pool,
            self._local.folder.spool,
            upload_limit=settings.upload_limit_mb * MB,
            body_limit=BODY_LIMIT,
            on_request=logs.request,
            cors_origins=listed(settings.cors_origins),
            trusted_hosts=listed(settings.trusted_hosts),
            room=self._local.disk.take,
            telemetry=deployment.telemetry,
        )

    def _ready(self, deployment: Deployment) -> Response:
        """Answers like every edition, and says that a server with a full disk takes no uploads."""
        if self._local.disk.full:
            raise Unavailable(f"{DISK_FULL} Searches and deletes work.", retry_after=DISK_RETRY_S)
        return health.ready(deployment)

    def _metrics(self) -> Response:
        """Returns the counters since the start, in Prometheus' text format. Like the health checks, it needs no key."""
        content_type, text = self._local.metrics.exposition()
        return Response(200, {"content-type": content_type}, text)


def send_blob(blobs: Blobs, key: str, filename: str, headers: Mapping[str, str]) -> Response:  # noqa: ARG001
    """Sends the file itself. Its path stays valid after the context, because blobs are in a folder. See `SendBlob`."""
    with blobs.local(key) as path:
        return Response(200, headers, path.absolute())


def _listen(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener
