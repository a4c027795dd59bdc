"""The HTTP server of the local edition."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor

import uvicorn
from starlette.types import ASGIApp

from vectorlog.api import auth, routes, unprefixed
from vectorlog.api.app import Admit, Admitted, App
from vectorlog.api.request import Request
from vectorlog.api.resources import health
from vectorlog.api.response import Response, StoredBytes
from vectorlog.api.routes import OPEN
from vectorlog.deployment import Deployment
from vectorlog.domain.errors import DISK_FULL, Unavailable
from vectorlog.files.blobs import Blobs, NoSuchBlob
from vectorlog.files.by_size import BlobsBySize
from vectorlog.runtime.local import logs
from vectorlog.runtime.local.connections import Limits
from vectorlog.runtime.local.direct_parts import DirectParts
from vectorlog.runtime.local.http import asgi_app
from vectorlog.runtime.local.process_limits import with_files_for
from vectorlog.runtime.local.protocol import limited
from vectorlog.runtime.local.request_id import identified, still_for_it
from vectorlog.runtime.local.request_log import RequestLine
from vectorlog.runtime.local.request_metrics import RequestMetrics
from vectorlog.runtime.local.service import Local
from vectorlog.runtime.local.settings import MB, listed
from vectorlog.runtime.local.web_pages import LOOPBACK_NAMES, kept_from_pages
from vectorlog.use_cases import api_keys

THREADS = 32
"""How many requests are answered at the same time. Their appends share fsyncs."""
SHUTDOWN_S = 5
DISK_RETRY_S = 10
"""When to ask again whether the disk has room. Somebody has to free it, which takes longer than a second."""


class Server:
    """The HTTP server. It listens from construction on, and `run` serves until SIGINT or SIGTERM.

    Raises:
        LimitTooLow: too few files may be open.
        OSError: it cannot listen on the address.
    """

    def __init__(self, local: Local) -> None:
        self._local = local
        self._connections = with_files_for(local.settings.connections)
        self._socket = _listen(local.settings.host, local.settings.port)
        host, port = self._socket.getsockname()[:2]
        self._closed = False
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

    def _is_open(self) -> bool:
        """Returns `open`, and once that was false, it is so without a look-up: a key that was created stays known."""
        self._closed = self._closed or not self.open
        return not self._closed

    def run(self) -> None:
        """Serves until a signal stops it. Requests that are under way are still answered."""
        self._local.start()
        routes.load()
        unprefixed.load()
        settings = self._local.settings
        limits = Limits(
            head_seconds=settings.head_seconds,
            body_seconds=settings.body_seconds,
            body_rate=settings.body_rate,
            idle_seconds=settings.idle_seconds,
            total=self._connections,
            per_address=settings.connections_per_address,
        )
        with ThreadPoolExecutor(THREADS, thread_name_prefix="request") as pool:
            config = uvicorn.Config(
                self._app(pool),
                http=limited(limits),
                ws="none",
                log_config=None,
                access_log=False,
                proxy_headers=False,  # nothing looks at the client's address or scheme
                lifespan="off",
                timeout_graceful_shutdown=SHUTDOWN_S,
                timeout_keep_alive=round(settings.idle_seconds) + 1,  # `Connections` closes it before that
                server_header=False,
            )
            uvicorn.Server(config).run(sockets=[self._socket])

    def _app(self, pool: Executor) -> ASGIApp:
        deployment, settings = self._local.deployment, self._local.settings
        keys = auth.open_until_first_key if self._loopback else auth.keys_required
        authenticate = keys(deployment, later=lambda step: pool.submit(still_for_it(step)))
        trusted, origins = listed(settings.trusted_hosts), listed(settings.cors_origins)
        probes = {**OPEN, "/readyz": self._ready, "/metrics": lambda _: self._metrics()}
        measured = RequestMetrics(self._local.metrics.registry)

        def ended(line: RequestLine) -> None:
            logs.request(line)
            measured.ended(line)

        disk, direct = self._local.disk, DirectParts(deployment.link_key(), deployment.clock)
        app = App(deployment, authenticate, send_blob, probes, disk.room, disk.take, direct.sign)
        admit = kept_from_pages(self._with_space(app.admit), self._is_open, trusted_hosts=trusted, cors_origins=origins)
        return asgi_app(
            identified(direct.admitting(admit, deployment, disk.room)),
            pool,
            self._local.folder.spool,
            body_limit=settings.body_limit_mb * MB,
            on_request=ended,
            quick=routes.is_quick,
            cors_origins=origins,
            trusted_hosts=[*trusted, *LOOPBACK_NAMES] if trusted and self._loopback else trusted,
            room=disk.room,
            take=disk.take,
            telemetry=deployment.telemetry,
        )

    def _with_space(self, admit: Admit) -> Admit:
        """Wraps `admit` so that a delete or a cancel finds the space that is kept for it."""

        def relieved(head: Request) -> Response | Admitted:
            admitted = admit(head)
            if isinstance(admitted, Admitted) and admitted.frees:
                self._local.disk.relieve()
            return admitted

        return relieved

    def _ready(self, deployment: Deployment) -> Response:
        """Answers like every edition, and says that a server with a full disk takes no uploads."""
        if self._local.disk.full:
            raise Unavailable(f"{DISK_FULL} Searches and deletes work.", retry_after=DISK_RETRY_S)
        return health.ready(deployment)

    def _metrics(self) -> Response:
        """Returns what is counted and measured, in Prometheus' text format. Like the health checks, it needs no key."""
        content_type, text = self._local.metrics.exposition()
        return Response(200, {"content-type": content_type}, text)


def send_blob(blobs: Blobs, key: str, filename: str, headers: Mapping[str, str]) -> Response:  # noqa: ARG001
    """Sends the file itself, which stays open when its name is gone, or a small one's bytes: no copy is made of them,
    for which a full disk would have no room. See `SendBlob`.
    """
    if isinstance(blobs, BlobsBySize) and (small := blobs.rows.found(key)) is not None:
        return Response(200, headers, StoredBytes(*small))
    try:
        with blobs.local(key) as path:
            return Response(200, headers, path.open("rb"))
    except FileNotFoundError:  # it was deleted at this moment
        raise NoSuchBlob(key) from None


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
