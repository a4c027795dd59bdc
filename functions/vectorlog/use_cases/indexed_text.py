"""The text of a file in a store, as it was indexed."""

from __future__ import annotations

from dataclasses import dataclass

from vectorlog.deployment import Deployment
from vectorlog.domain.errors import Invalid
from vectorlog.files import artefact
from vectorlog.files.blobs import NoSuchBlob
from vectorlog.use_cases import store_files
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.store_files import StoreFileView


@dataclass(frozen=True, slots=True)
class IndexedText:
    """A file in a store and its text as it was indexed."""

    view: StoreFileView
    text: str


def read(deployment: Deployment, actor: Actor, store: str, file: str) -> IndexedText:
    """Returns the text of the serving generation.

    Raises:
        NotFound: the store does not exist, or the file is not in it.
        Invalid: no generation serves, because the file is not indexed yet or could not be read.
    """
    for last in (False, True):
        _, state = store_files.load(deployment, actor, store, file)
        if state.serving is None:
            why = state.failure.message if state.failure else "Ask again when its status is 'completed'."
            message = f"File '{file}' has no content to show: its status is '{state.status}'. {why}"
            raise Invalid(message, param="file_id", code="file_not_ready")
        try:
            text = artefact.read_text(deployment.blobs, store, file, state.serving.generation)
        except NoSuchBlob:  # a newer generation took over meanwhile, and the older one is purged already
            if last:
                raise
        else:
            break
    return IndexedText(StoreFileView(store, file, state), text)
