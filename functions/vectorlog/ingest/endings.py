"""How an ingest ends without serving: it fails, is given up, or nobody needs it any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from vectorlog.deployment import Deployment
from vectorlog.domain import store_file, vector_store
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.store_file import Failure, State
from vectorlog.domain.vectors import Space
from vectorlog.event_log.codec import STORE_FILE, UPLOADED_FILE, VECTOR_STORE
from vectorlog.event_log.provenance import meta_of
from vectorlog.event_log.streams import Outcome
from vectorlog.files import artefact
from vectorlog.ingest.job import Requeue
from vectorlog.views.deadlines import INGEST_DEADLINE_MS
from vectorlog.work.messages import Ingest

LAST_TRY_MS = 1_200_000
"""A file that has to wait within this time (20 minutes) before its deadline fails with the reason. That is longer than
any wait between two tries, because the sweep, which fails it at the deadline, does not know the reason.
"""
STORE_EXPIRED = Failure(
    "server_error", "The vector store expired before the file was ingested. Attach it to a new store."
)


class Endings:
    """Ends generations in a deployment; safe to repeat."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def give_up(self, message: Ingest, reason: str) -> None:
        """Fails a generation that keeps failing through no fault of its file.

        If the generation is no longer needed, it removes the chunks and artefacts written so far.
        """
        sentence = f"The file could not be ingested: {reason}. Attach it again to retry."
        outcome = self.fail(message, Failure("server_error", sentence))
        if outcome.decision:
            self._deployment.telemetry.file_given_up(message.ref, reason)
        if not needed(outcome.state, message.generation):
            self.discard(message, self._deployment.streams.load(VECTOR_STORE, message.store).state)

    def wait(self, state: State, later: Requeue) -> list[Requeue]:
        """Returns the message that waits, unless its file's time is over before the next try: then the file fails, and
        the sentence names what it waited for.
        """
        opened, now = state.open, self._deployment.clock()
        waited = self._deployment.worked(opened.since, now) if opened is not None else 0
        if waited + max(later.delay or 0, LAST_TRY_MS) < INGEST_DEADLINE_MS:
            return [later]
        self.give_up(later.message, f"it has waited for a day, the last time because {later.reason}")
        return []

    def end_without_blob(self, message: Ingest) -> None:
        """Ends a generation whose blob is missing: detaches a file that was just deleted, otherwise fails it."""
        now = self._deployment.clock()
        if self._deployment.streams.load(UPLOADED_FILE, message.file).state.is_available(now):
            self.fail(
                message,
                Failure("server_error", "The file's bytes are missing. Upload it again and attach the new file."),
            )
        else:
            self.decide(message, lambda current: store_file.detach(current, now, "file_deleted"))

    def discard(self, message: Ingest, store: vector_store.State) -> None:
        """Removes a generation's chunks and artefacts; does nothing for a store that never existed."""
        if store.owner is not None:
            self.remove(message, store.spaces)

    def remove(self, message: Ingest, spaces: Sequence[Space]) -> None:
        """Removes a generation's chunks from the index, in these spaces, and its artefacts."""
        self.remove_chunks(message, spaces)
        artefact.delete(self._deployment.blobs, message.store, message.file, message.generation)

    def remove_chunks(self, message: Ingest, spaces: Iterable[Space]) -> None:
        """Removes a generation's chunks from the index, in these spaces."""
        for space in spaces:
            self._deployment.index.remove(space, message.store, message.file, message.generation)

    def fail(self, message: Ingest, failure: Failure) -> Outcome[State, store_file.Event]:
        """Fails the message's generation, if it is still open."""
        at = self._deployment.clock()
        return self.decide(message, lambda state: store_file.fail(state, at, message.generation, failure))

    def decide(
        self, message: Ingest, decide: Callable[[State], Sequence[store_file.Event]]
    ) -> Outcome[State, store_file.Event]:
        """Decides on the file in the store, in the name of the request that began the ingest."""
        stream = store_file_stream(message.store, message.file)
        return self._deployment.streams.decide(STORE_FILE, stream, decide, meta=meta_for(message))


def meta_for(message: Ingest) -> str:
    """Returns the meta of commits that an ingest makes."""
    return meta_of("ingest", message.request, message.project)


def needed(state: State, generation: int) -> bool:
    """Whether the generation is open or serves."""
    serves = state.serving is not None and state.serving.generation == generation
    return serves or (state.open is not None and state.open.generation == generation)
