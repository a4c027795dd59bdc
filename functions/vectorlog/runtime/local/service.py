"""The local edition: builds it from its adapters, and starts and stops it."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from vectorlog.deployment import Deployment
from vectorlog.embedding.catalogue import Models
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.embedding.endpoint import Endpoint
from vectorlog.embedding.offers import local_offer, openai_offers
from vectorlog.files.folder import FolderBlobs
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.ingest.document import ReaderCrashed
from vectorlog.ingest.ingester import Ingester
from vectorlog.ingest.sandbox import Sandbox
from vectorlog.runtime.local import rebuild
from vectorlog.runtime.local.checkpoint import Checkpoint
from vectorlog.runtime.local.data_folder import DataFolder
from vectorlog.runtime.local.disk import Disk
from vectorlog.runtime.local.engine import Engine
from vectorlog.runtime.local.log_and_views import LocalLogAndViews, clock
from vectorlog.runtime.local.metrics import PrometheusMetrics
from vectorlog.runtime.local.settings import MB, Settings
from vectorlog.telemetry.telemetry import Telemetry
from vectorlog.work.sqlite import SQLiteQueue

log = logging.getLogger(__name__)

INLINE_FILES = 100
"""A batch of up to this many files is fanned out before its request is answered. That takes two milliseconds here."""


class Local:
    """A complete local deployment on its data folder, open from construction to `close`.

    Raises:
        FolderInUse: another server is using the folder.
        UnknownFormat: this version does not know the folder's format.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._resources = ExitStack()
        try:
            self._open(settings)
        except BaseException:
            self._resources.close()
            raise

    def _open(self, settings: Settings) -> None:
        self.folder = DataFolder(settings.data)
        self._resources.enter_context(self.folder.lock())
        self.folder.close_to_others()
        self.disk = Disk(self.folder.path, settings.reserve_mb * MB)
        log_and_views = LocalLogAndViews(self.folder)
        self._resources.callback(log_and_views.close)
        blobs = FolderBlobs(self.folder.blobs, self.folder.staging)
        rebuild.adopt_index(self.folder, log_and_views, blobs)
        index = LocalIndex(self.folder.index, settings.index_memory_mb * MB)
        self._resources.callback(index.close)
        self.metrics = PrometheusMetrics()
        telemetry = Telemetry(self.metrics)
        self.models = _models(settings, self._resources, telemetry)
        self.sandbox = Sandbox(
            settings.readers, memory_bytes=settings.reader_memory_mb * MB, seconds=settings.reader_seconds
        )
        self._resources.callback(self.sandbox.close)
        executor = self._resources.enter_context(ThreadPoolExecutor(2 * settings.readers, thread_name_prefix="reader"))
        self.deployment = Deployment(
            streams=log_and_views.streams,
            views=log_and_views.views,
            blobs=blobs,
            index=index,
            models=self.models,
            clock=clock,
            random=log_and_views.random,
            duplicate_content=settings.duplicate_content,
            inline_files=INLINE_FILES,
            inline_tags=True,
            telemetry=telemetry,
        )
        self.engine = Engine(
            self.deployment,
            feed=log_and_views.log,
            checkpoint=Checkpoint(log_and_views.derived, "projector"),
            work=SQLiteQueue(log_and_views.derived, "work", clock),
            embed=SQLiteQueue(log_and_views.derived, "embed", clock),
            ingest=Ingester(self.deployment, self.sandbox, executor),
            disk_full=lambda: self.disk.full,
        )

    def start(self) -> None:
        """Starts the background work, and warms up the readers and the model in another thread."""
        self.engine.start()
        threading.Thread(target=self._warm, name="warm", daemon=True).start()

    def _warm(self) -> None:
        try:
            self.sandbox.warm()
            self.models.embedder(self.models.resolve()).query("ready")
        except (EmbeddingError, ReaderCrashed) as error:
            log.warning("warm-up failed: %s", error)

    def close(self, timeout: float = 5.0) -> bool:
        """Stops the background work and closes everything. Returns whether all threads ended within `timeout` seconds.

        If threads still wait for a reader or a provider, nothing is closed, as after a crash. Their work is repeated
        after the next start.
        """
        stopped = self.engine.stop(timeout)
        if stopped:
            self._resources.close()
        return stopped


def _models(settings: Settings, resources: ExitStack, telemetry: Telemetry) -> Models:
    offers = [local_offer()]
    if settings.embedding == "openai":
        endpoint = Endpoint(settings.embedding_base_url, settings.embedding_api_key)
        resources.callback(endpoint.close)
        named = {settings.embedding_model: settings.embedding_dimensions or None} if settings.embedding_model else None
        offers = [*openai_offers(endpoint, models=named), *offers]
    models = Models(offers, telemetry=telemetry)
    resources.callback(models.close)
    return models
