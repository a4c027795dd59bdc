"""Has files read again whose chunks an earlier version made. What serves goes on serving until the new chunks do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vectorlog.domain import store_file
from vectorlog.domain.ids import StoreFileId, parse_stream
from vectorlog.event_log.codec import STORE_FILE, UPLOADED_FILE, VECTOR_STORE
from vectorlog.event_log.provenance import meta_of
from vectorlog.event_log.streams import Loaded, Plan, Streams
from vectorlog.files import artefact
from vectorlog.files.blobs import Blobs
from vectorlog.operations.progress import Watch, pages
from vectorlog.use_cases.uploaded_files import blob_key
from vectorlog.views.views import Views

_META = meta_of("rebuild chunks")


@dataclass(slots=True)
class Reread:
    """What was found and begun.

    Attributes:
        begun: the number of files whose ingest was begun.
        current: the number of files whose chunks are of this version, or are being made.
        lost: streams of files whose uploaded bytes are missing; they keep their chunks.
    """

    begun: int = 0
    current: int = 0
    lost: list[str] = field(default_factory=list)


def reread(streams: Streams, views: Views, blobs: Blobs, clock: Callable[[], int], watch: Watch) -> Reread:
    """Opens a new generation of each serving file whose artefact is of an earlier version, with the same settings. The
    deployment's workers ingest it, as after a request to attach the file again.

    A repeated call leaves out what is under way or done, so one that was interrupted goes on.
    """
    report = Reread()
    named = {commit.stream for commit in watch("commits", streams.log.scan(), None)}
    files = (id for id in map(parse_stream, sorted(named)) if isinstance(id, StoreFileId))
    for page in pages(watch("files", files, None)):
        _reread(streams, views, blobs, clock, page, report)
    return report


def _reread(
    streams: Streams,
    views: Views,
    blobs: Blobs,
    clock: Callable[[], int],
    page: Sequence[StoreFileId],
    report: Reread,
) -> None:
    stores = streams.load_many(VECTOR_STORE, list({each.store for each in page}))
    alive = [each for each in page if not stores[each.store].state.ended and stores[each.store].state.exists]
    loaded = streams.load_many(STORE_FILE, [str(each) for each in alive])
    uploads = streams.load_many(UPLOADED_FILE, list({each.file for each in alive}))
    plans: list[Plan[store_file.State, store_file.Event]] = []
    at = clock()
    for each in alive:
        file = loaded[str(each)]
        if file.state.serving is None:
            continue
        if file.state.open is not None or artefact.is_current(
            blobs, each.store, each.file, file.state.serving.generation
        ):
            report.current += 1
        elif blobs.size(blob_key(each.file, uploads[each.file].state.sha256)) is None:
            report.lost.append(str(each))
        else:
            plans.append(_plan(str(each), file, at))
    outcomes = streams.decide_all(plans, meta=_META)
    views.show(outcomes)
    report.begun += sum(outcome.decision is not None for outcome in outcomes)


def _plan(stream: str, loaded: Loaded[store_file.State], at: int) -> Plan[store_file.State, store_file.Event]:
    return Plan(STORE_FILE, stream, lambda state: store_file.reread(state, at), loaded=loaded)
