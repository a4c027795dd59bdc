"""The local edition: builds it from its adapters, and starts and stops it."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache, partial

from vectorlog.defaults import LOCAL_UPLOADS
from vectorlog.deployment import Deployment
from vectorlog.domain.project_limits import limits_of
from vectorlog.embedding.catalogue import Models
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.embedding.meter import Meter, NoMeter
from vectorlog.embedding.offers import local_offers, openai_offers
from vectorlog.endpoints.endpoint import Endpoint
from vectorlog.files.by_size import BlobsBySize
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.ingest.cpu_limit import CpuLimit
from vectorlog.ingest.document import ReaderClosed, ReaderUnavailable
from vectorlog.ingest.ingester import Ingester
from vectorlog.ingest.sandbox import Sandbox
from vectorlog.limits.limiter import Limiter
from vectorlog.reranking import endpoint as reranking
from vectorlog.reranking.reranker import Reranker
from vectorlog.rewriting import chat
from vectorlog.rewriting.rewriter import PlainRewriter, Rewriter
from vectorlog.runtime.local import copied, rebuild
from vectorlog.runtime.local.checkpoint import Checkpoint
from vectorlog.runtime.local.data_folder import DataFolder
from vectorlog.runtime.local.disk import Disk
from vectorlog.runtime.local.embedding_metrics import EmbeddingMetrics
from vectorlog.runtime.local.endpoint_keys import endpoint_key
from vectorlog.runtime.local.engine import Engine, Ingesters, Outgoing, Queues
from vectorlog.runtime.local.kept_key import key_in
from vectorlog.runtime.local.log_and_views import LocalLogAndViews, clock
from vectorlog.runtime.local.metrics import PrometheusMetrics
from vectorlog.runtime.local.scrub import scrubbing
from vectorlog.runtime.local.settings import MB, Settings
from vectorlog.runtime.local.state_metrics import Held, StateMetrics
from vectorlog.runtime.local.uptime import Uptime
from vectorlog.telemetry.telemetry import Telemetry
from vectorlog.webhooks.https import HttpsSender
from vectorlog.webhooks.webhooks import Webhooks
from vectorlog.work.sqlite import SQLiteQueue

log = logging.getLogger(__name__)

INLINE_FILES = 4
"""A batch of up to this many files is fanned out before its request is answered. For more, that would take longer than
the append that the request waits for, and nothing is gained: counts and lists show them either way.
"""


class Local:
    """A complete local deployment on its data folder, open from construction to `close`.

    Raises:
        FolderInUse: another server is using the folder.
        UnknownFormat: this version does not know the folder's format.
        TornCopy: the folder is a copy that lacks something.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._resources = ExitStack()
        self._end: int | None = None
        try:
            self._open(settings)
        except BaseException:
            self._resources.close()
            raise

    def _open(self, settings: Settings) -> None:
        self.folder = DataFolder(settings.data)
        self._resources.enter_context(self.folder.lock())
        self._resources.callback(self._closed)
        self.folder.close_to_others()
        self.disk = Disk(self.folder.path, settings.reserve_mb * MB)
        copied.make_whole(self.folder)
        log_and_views = LocalLogAndViews(self.folder)
        self._log = log_and_views.log
        self._resources.callback(log_and_views.close)
        rebuild.renew_views(self.folder, log_and_views)
        self.folder.raise_format()
        blobs = BlobsBySize(self.folder.blobs, self.folder.staging, self.folder.small_blobs)
        self._resources.callback(blobs.rows.close)
        rebuild.renew_index(self.folder)
        rebuild.adopt_index(self.folder, log_and_views, blobs)
        copied.opened(self.folder)
        index = LocalIndex(self.folder.index, settings.index_memory_mb * MB)
        self._resources.callback(index.close)
        self.metrics = PrometheusMetrics()
        telemetry = Telemetry(self.metrics)
        queues = {name: SQLiteQueue(log_and_views.derived, name, clock) for name in ("work", "embed", "slow")}
        deliver = SQLiteQueue(log_and_views.derived, "deliver", clock)
        self.models = models_of(settings, self._resources, telemetry, EmbeddingMetrics(self.metrics.registry))
        uptime = Uptime(log_and_views.derived, clock)
        self.deployment = Deployment(
            streams=log_and_views.streams,
            views=log_and_views.views,
            blobs=blobs,
            index=index,
            models=self.models,
            clock=clock,
            random=log_and_views.random,
            duplicate_content=settings.duplicate_content,
            upload_limits=LOCAL_UPLOADS._replace(file=settings.upload_limit_mb * MB),
            embeddings_api=settings.embeddings_api,
            inline_files=INLINE_FILES,
            inline_tags=True,
            rewriter=_rewriter(settings, self._resources),
            reranker=_reranker(settings, self._resources),
            telemetry=telemetry,
            limits=Limiter(limits_of(settings)),
            worked=uptime.worked,
            webhooks=_webhooks(settings, self.folder),
            backlogs=lambda: {name: queue.backlog() for name, queue in {**queues, "deliver": deliver}.items()},
            link_key=cache(partial(key_in, self.folder.signing_key)),
            scrub=scrubbing(index, blobs.rows, log_and_views.log, log_and_views.derived),
        )
        checkpoint = Checkpoint(log_and_views.derived, "projector")
        held = Held(
            backlogs=self.deployment.backlogs,
            behind=lambda: max(0, log_and_views.log.last_position() - checkpoint.read()),
            index=index,
            index_memory=settings.index_memory_mb * MB,
            folder=self.folder,
            disk=self.disk,
            clock=clock,
        )
        self.metrics.registry.register(StateMetrics(held))
        self._sandboxes = [self._sandbox(settings.readers), self._sandbox(1), self._sandbox(1)]
        main, spare, slow = map(self._ingester, self._sandboxes)
        self.engine = Engine(
            self.deployment,
            feed=log_and_views.log,
            checkpoint=checkpoint,
            uptime=uptime,
            queues=Queues(**queues),
            ingesters=Ingesters(main, spare, slow),
            disk_full=lambda: self.disk.full,
            outgoing=Outgoing(log_and_views.outbox, deliver),
        )

    def _sandbox(self, children: int) -> Sandbox:
        settings = self.settings
        sandbox = Sandbox(
            children,
            memory_bytes=settings.reader_memory_mb * MB,
            seconds=settings.reader_seconds,
            cpu=CpuLimit(settings.reader_cpu_seconds, settings.reader_cpu_seconds_per_mb),
            ocr_seconds=settings.ocr_seconds if settings.ocr else 0.0,
        )
        self._resources.callback(sandbox.close)
        return sandbox

    def _ingester(self, sandbox: Sandbox) -> Ingester:
        threads = ThreadPoolExecutor(2 * sandbox.children, thread_name_prefix="reader")
        return Ingester(self.deployment, sandbox, self._resources.enter_context(threads))

    def start(self) -> None:
        """Starts the background work, and warms up the readers and the model in another thread."""
        self.engine.start()
        threading.Thread(target=self._warm, name="warm", daemon=True).start()

    def _warm(self) -> None:
        try:
            for sandbox in self._sandboxes[:2]:  # the third is seldom needed
                sandbox.warm()
        except ReaderClosed as error:
            log.info("the readers were not warmed up: %s", error)
        except ReaderUnavailable as error:
            self.deployment.telemetry.host_refused(str(error))
        try:
            self.models.embedder(self.models.resolve()).query("ready")
        except EmbeddingError as error:
            log.warning("warm-up failed: %s", error)

    def close(self, timeout: float = 5.0) -> bool:
        """Stops the background work and closes everything. Returns whether all threads ended within `timeout` seconds.

        If threads still wait for a reader or a provider, nothing is closed, as after a crash. Their work is repeated
        after the next start.
        """
        stopped = self.engine.stop(timeout)
        if stopped:
            self._end = self._log.last_position()
            self._resources.close()
        return stopped

    def _closed(self) -> None:
        """Notes that everything was closed, if it was: not if it could not be opened."""
        if self._end is not None:
            copied.closed(self.folder, self._end)


def models_of(settings: Settings, resources: ExitStack, telemetry: Telemetry, meter: Meter = NoMeter()) -> Models:
    """Returns the models that these settings offer, which `resources` close; `meter` is told of their calls."""
    offers, default = local_offers(), None
    if settings.embedding == "openai":
        key = endpoint_key(settings.embedding_api_key, settings.embedding_api_key_file)
        endpoint = Endpoint(settings.embedding_base_url, key)
        resources.callback(endpoint.close)
        named = {settings.embedding_model: settings.embedding_dimensions or None} if settings.embedding_model else None
        offers = [*openai_offers(endpoint, models=named), *offers]
    elif settings.embedding_model:
        default = f"local:{settings.embedding_model}"
    models = Models(offers, default, telemetry=telemetry, meter=meter)
    resources.callback(models.close)
    return models


def _webhooks(settings: Settings, folder: DataFolder) -> Webhooks:
    key, private = key_in(folder.webhooks_key), settings.webhook_allow_private
    return Webhooks(lambda: key, HttpsSender(allow_private=private), allow_private=private)


def _rewriter(settings: Settings, resources: ExitStack) -> Rewriter:
    if not settings.rewriting_model:
        return PlainRewriter()
    key = endpoint_key(settings.rewriting_api_key, settings.rewriting_api_key_file)
    endpoint = Endpoint(settings.rewriting_base_url, key, path=chat.PATH, settings="rewriting")
    resources.callback(endpoint.close)
    rewriter = chat.ChatRewriter(endpoint, settings.rewriting_model)
    resources.callback(rewriter.close)
    return rewriter


def _reranker(settings: Settings, resources: ExitStack) -> Reranker | None:
    if not settings.reranking_model:
        return None
    key = endpoint_key(settings.reranking_api_key, settings.reranking_api_key_file)
    endpoint = Endpoint(settings.reranking_base_url, key, path=reranking.PATH, settings="reranking")
    resources.callback(endpoint.close)
    reranker = reranking.EndpointReranker(endpoint, settings.reranking_model)
    resources.callback(reranker.close)
    return reranker
