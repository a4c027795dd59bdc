"""The text of a file in a store, as it was indexed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from vectorlog.deployment import Deployment
from vectorlog.domain.errors import Invalid
from vectorlog.domain.store_file import Serving
from vectorlog.files import artefact, text_parts
from vectorlog.files.blobs import NoSuchBlob
from vectorlog.files.text_parts import TextPart
from vectorlog.use_cases import store_files
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.store_files import StoreFileView

T = TypeVar("T")


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
    view, text = of_serving(
        deployment,
        actor,
        store,
        file,
        lambda serving: artefact.read_text(deployment.blobs, store, file, serving.generation),
    )
    return IndexedText(view, text)


def read_part(
    deployment: Deployment, actor: Actor, store: str, file: str, first: int, limit: int
) -> tuple[StoreFileView, TextPart]:
    """Returns a file in a store, and up to `limit` characters of its text from number `first` on. It reads little more
    of the text than that.

    Raises:
        NotFound, Invalid: as for `read`.
    """
    return of_serving(
        deployment,
        actor,
        store,
        file,
        lambda serving: text_parts.read(deployment.blobs, store, file, serving.generation, first, limit),
    )


def of_serving(
    deployment: Deployment, actor: Actor, store: str, file: str, read: Callable[[Serving], T]
) -> tuple[StoreFileView, T]:
    """Returns a file in a store, and what `read` finds in the artefact of its serving generation.

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
            found = read(state.serving)
        except NoSuchBlob:  # a newer generation took over meanwhile, and the older one is purged already
            if last:
                raise
        else:
            break
    return StoreFileView(store, file, state), found
