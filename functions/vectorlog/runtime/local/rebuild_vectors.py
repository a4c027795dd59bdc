"""Opens a data folder to have its stores moved to another model, even while a server is running on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from vectorlog.embedding.catalogue import Models
from vectorlog.operations.rebuild_vectors import Moves
from vectorlog.runtime.local.data_folder import DataFolder, FolderInUse
from vectorlog.runtime.local.log_and_views import LocalLogAndViews
from vectorlog.runtime.local.service import models_of
from vectorlog.runtime.local.settings import Settings
from vectorlog.telemetry.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Opened:
    """The moves of a folder, the models that its settings offer, and whether a server is running on it."""

    moves: Moves
    models: Models
    served: bool


@contextmanager
def opened(settings: Settings) -> Iterator[Opened]:
    """Opens the folder of these settings.

    Raises:
        NoDataFolder: there is none.
        UnknownFormat: this version does not know its format.
    """
    folder = DataFolder(settings.data.expanduser().absolute(), must_exist=True)
    with ExitStack() as resources:
        parts = resources.enter_context(closing(LocalLogAndViews(folder)))
        models = models_of(settings, resources, Telemetry())
        yield Opened(Moves(parts.streams, parts.views, parts.clock), models, _is_served(folder))


def _is_served(folder: DataFolder) -> bool:
    try:
        folder.lock().close()
    except FolderInUse:
        return True
    return False
