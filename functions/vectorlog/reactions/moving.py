"""Moves a store to another space: has its files embedded for it, a few at a time, and then switches the store.

Each file is opened again (`store_file.embed_for_move`), so an ingester embeds it for the space that serves and for the
new one. What serves goes on serving. Every generation that is opened after the move began is embedded for both. So once
the move has gone past a file, all that will serve of it is in both spaces; and once it has gone past all files, so is
all that the store has. Then one commit switches.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from vectorlog.deployment import Deployment
from vectorlog.domain import store_file, store_move, vector_store
from vectorlog.domain.ids import store_file_stream
from vectorlog.event_log.codec import STORE_FILE, VECTOR_STORE
from vectorlog.event_log.provenance import meta_of
from vectorlog.event_log.streams import Loaded, Plan
from vectorlog.views import keys, move_progress
from vectorlog.views.move_progress import MoveProgress
from vectorlog.work.move_messages import MoveVectors

FILES = 100
"""How many files are being ingested for a move at a time, at most. New files of the store wait for so many."""
CHUNKS = 2_000
"""No further files are opened while those that are being ingested have so many chunks."""
PAGES = 10
"""How many pages of files a step looks at, at most: a move that goes on finds most files done."""
POLL_MS = 1_000
"""How long to wait before looking again whether files are ingested, in ms."""
NAMED = 20
"""How many of the files that cannot be embedded are named."""

log = logging.getLogger(__name__)


def step(deployment: Deployment, message: MoveVectors) -> MoveVectors | None:
    """Opens further files, as far as those before have been ingested; switches the store after the last one.

    Returns the message to continue with after `POLL_MS`; None at the end, or if there is nothing to do. If files are
    left that could not be embedded, or the deployment does not offer both models, the store is not switched: the move
    waits to be begun again, or cancelled.
    """
    state = deployment.streams.load(VECTOR_STORE, message.store).state
    move = state.moves.under_way
    if move is None or (move.number, move.attempt) != (message.number, message.attempt):
        return None
    begun = _begun(deployment, message)
    missing = [space.model for space in (state.space, move.space) if not deployment.models.offers(space)]
    if missing:
        log.error("%s does not move: %s is not offered here", message.store, " and ".join(missing))
        _note(deployment, message, begun, stopped=True)
        return None
    message = _looked_at(deployment, message, message.waiting)
    message = _opened(deployment, message, begun)
    at_end = message.after is None and not message.waiting
    _note(deployment, message, begun, stopped=at_end and message.left > 0)
    if not at_end:
        return message
    if message.left:
        log.warning(
            "%s stays in its space: %s files could not be embedded for the other one, such as %s",
            message.store,
            message.left,
            ", ".join(message.named),
        )
    else:
        _switch(deployment, message)
    return None


def _begun(deployment: Deployment, message: MoveVectors) -> set[str]:
    """Returns the files that the step before, or an earlier attempt, has opened for this move; some may have ended."""
    noted = move_progress.noted(deployment.views.table, message.store)
    return set(noted.waiting) if noted is not None and noted.number == message.number else set()


def _looked_at(deployment: Deployment, message: MoveVectors, files: tuple[str, ...]) -> MoveVectors:
    """Counts those of the files that are done or left, and returns the message with the others waiting."""
    waiting: list[str] = []
    for file, loaded in _load(deployment, message.store, files).items():
        state = loaded.state
        if state.serving is not None and state.serving.move == message.number:
            message = replace(message, files=message.files + 1, chunks=message.chunks + state.serving.chunks)
        elif state.serving is not None and state.open is not None:
            waiting.append(file)
        elif state.serving is not None:
            named = message.named if len(message.named) >= NAMED else (*message.named, file)
            message = replace(message, left=message.left + 1, named=named)
    return replace(message, waiting=tuple(waiting))


def _opened(deployment: Deployment, message: MoveVectors, begun: set[str]) -> MoveVectors:
    """Opens the next files, until as many are being ingested as may be. Those that were `begun` before and are still
    open go on; as the list reaches them, they are taken out of `begun`.
    """
    sizes = {
        file: loaded.state.serving.chunks if loaded.state.serving else 0
        for file, loaded in _load(deployment, message.store, message.waiting).items()
    }
    for _ in range(PAGES):
        if message.after is None or len(sizes) >= FILES or sum(sizes.values()) >= CHUNKS:
            break
        pk, limit = keys.store(message.store).pk, FILES - len(sizes)
        rows = deployment.views.table.query(pk, prefix=keys.FILES, after=message.after or None, limit=limit)
        files = [keys.thing_of(row.key.sk) for row in rows]
        loaded = _load(deployment, message.store, tuple(files))
        taken: list[str] = []
        for file in files:
            serving = loaded[file].state.serving
            sizes[file] = serving.chunks if serving and serving.move != message.number else 0
            taken.append(file)
            if sum(sizes.values()) >= CHUNKS:
                break
        goes_on = {file for file in taken if file in begun and loaded[file].state.open is not None}
        _open(deployment, message, {file: loaded[file] for file in taken if file not in goes_on})
        begun.difference_update(taken)
        message = _looked_at(deployment, message, (*message.waiting, *taken))
        sizes = {file: sizes[file] for file in message.waiting}
        ended = len(rows) < limit and len(taken) == len(rows)
        message = replace(message, after=None if ended else rows[len(taken) - 1].key.sk)
    return message


def _open(deployment: Deployment, message: MoveVectors, files: dict[str, Loaded[store_file.State]]) -> None:
    at = deployment.clock()
    plans = [
        Plan(
            STORE_FILE,
            loaded.stream,
            lambda state: store_file.embed_for_move(state, at, message.number),
            loaded=loaded,
        )
        for loaded in files.values()
    ]
    deployment.views.show(deployment.streams.decide_all(plans, meta=_meta(message)))


def _switch(deployment: Deployment, message: MoveVectors) -> None:
    at = deployment.clock()

    def decide(state: vector_store.State) -> list[vector_store.Event]:
        return list(store_move.switch(state, message.number, message.attempt, at))

    outcome = deployment.streams.decide(VECTOR_STORE, message.store, decide, meta=_meta(message))
    deployment.views.show([outcome])
    log.info("%s has moved to %s: %s files", message.store, outcome.state.space.model, message.files)


def _note(deployment: Deployment, message: MoveVectors, begun: set[str], *, stopped: bool) -> None:
    waiting = dict.fromkeys([*message.waiting, *sorted(begun)])
    reached = MoveProgress(
        message.number,
        message.attempt,
        message.files,
        message.chunks,
        message.left,
        message.named,
        stopped,
        tuple(waiting)[: 2 * FILES],
    )
    move_progress.note(deployment.views.table, message.store, reached, deployment.clock())


def _load(deployment: Deployment, store: str, files: tuple[str, ...]) -> dict[str, Loaded[store_file.State]]:
    found = deployment.streams.load_many(STORE_FILE, [store_file_stream(store, file) for file in files])
    return {file: found[store_file_stream(store, file)] for file in files}


def _meta(message: MoveVectors) -> str:
    return meta_of("rebuild vectors", message.request, message.project)
