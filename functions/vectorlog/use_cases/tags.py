"""Writes a file's changed attributes to the index before the change is answered, so that the next filter uses them."""

from __future__ import annotations

from vectorlog.deployment import Deployment
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.store_file import Placement, State
from vectorlog.event_log.codec import STORE_FILE, VECTOR_STORE
from vectorlog.index.chunk_index import FileChunks


def retag(deployment: Deployment, store: str, file: str, state: State, request_id: str) -> None:
    """Gives the chunks of a file's serving and open generations the attributes of its state; chunks that an ingest adds
    later have them too. Does nothing unless `Deployment.inline_tags`; a worker re-tags the file in any case.

    A failure is reported and not raised: the change is stored, and only the worker's re-tag is left to do.
    """
    if not deployment.inline_tags or state.placement is None:
        return
    try:
        _write(deployment, store, file, state, state.placement)
    except Exception as error:  # noqa: BLE001  # the change has taken effect, so it must not be answered as a failure
        deployment.telemetry.tags_delayed(store, file, request_id, error)


def _write(deployment: Deployment, store: str, file: str, state: State, placement: Placement) -> None:
    spaces = deployment.streams.load(VECTOR_STORE, store).state.spaces
    tagged = [(state.serving.generation, state.serving.attributes)] if state.serving else []
    tagged += [(state.open.generation, state.attributes)] if state.open else []
    for generation, attributes in tagged:
        part = FileChunks(store, file, generation, placement.row(file), state.revision, attributes, ())
        for space in spaces:
            deployment.index.retag(space, part)
    ended = deployment.streams.load(VECTOR_STORE, store).state.ended
    after = deployment.streams.load(STORE_FILE, store_file_stream(store, file)).state
    needed = {each.generation for each in (after.serving, after.open) if each is not None and not ended}
    for generation, _ in tagged:
        if generation not in needed:  # its purge may have run before the index was written to
            for space in spaces:
                deployment.index.remove(space, store, file, generation)
