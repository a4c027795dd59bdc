"""Formats views as JSON objects, with the fields of both dialects. Times are in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vectorlog.api import present_explanation
from vectorlog.api.dialect import Dialect, Text
from vectorlog.api.input.json_text import Json
from vectorlog.domain.location import Location
from vectorlog.use_cases.chunk_list import ChunkView
from vectorlog.use_cases.file_batches import BatchView
from vectorlog.use_cases.indexed_text import IndexedText
from vectorlog.use_cases.search import Found
from vectorlog.use_cases.store_files import StoreFileView
from vectorlog.use_cases.uploaded_files import FileView
from vectorlog.use_cases.uploads import PartView, UploadView
from vectorlog.use_cases.vector_stores import StoreView
from vectorlog.views.counts import Counts


def file(view: FileView) -> Json:
    """An uploaded file."""
    state = view.state
    return {
        "id": view.id,
        "object": "file",
        "bytes": state.size,
        "created_at": _seconds(state.created_at),
        "expires_at": _maybe_seconds(state.expires_at),
        "filename": state.filename,
        "purpose": state.purpose,
        "status": "processed",
        "status_details": None,
        "sha256": state.sha256,
    }


def upload(view: UploadView, addresses: Mapping[str, str]) -> Json:
    """An upload. `addresses` are those of the parts that the client sends straight to the storage."""
    state = view.state
    answer: Json = {
        "id": view.id,
        "object": "upload",
        "bytes": state.size,
        "created_at": _seconds(state.created_at),
        "filename": state.filename,
        "purpose": state.purpose,
        "status": state.status(view.at),
        "expires_at": _seconds(state.expires_at),
    }
    if view.file is not None:
        answer["file"] = file(view.file)
    if addresses:
        parts = [
            {"id": part, "bytes": size, "method": "PUT", "url": addresses[part]}
            for part, size in view.direct_parts.items()
        ]
        answer["direct_upload"] = {"part_size": state.direct_part_size, "parts": parts}
    return answer


def upload_part(view: PartView) -> Json:
    """A part of an upload."""
    return {
        "id": view.id,
        "object": "upload.part",
        "created_at": _seconds(view.added.at),
        "upload_id": view.upload,
    }


def store(view: StoreView) -> Json:
    """A vector store."""
    state, days = view.state, view.state.expires_after_days
    active = "in_progress" if view.counts.in_progress else "completed"
    return {
        "id": view.id,
        "object": "vector_store",
        "created_at": _seconds(state.created_at),
        "name": state.name,
        "description": state.description,
        "usage_bytes": view.counts.usage_bytes,
        "file_counts": _counts(view.counts),
        "status": "expired" if view.expired else active,
        "expires_after": None if days is None else {"anchor": "last_active_at", "days": days},
        "expires_at": _maybe_seconds(state.expires_at),
        "last_active_at": _seconds(state.active_at),
        "last_used_at": _maybe_seconds(state.used_at),
        "metadata": dict(state.metadata),
        "embedding_model": state.space.name,
        "embedding_dimensions": state.dimensions,
        "retrieval_mode": "vector",
    }


def store_file(view: StoreFileView, dialect: Dialect) -> Json:
    """A file in a store. Its id is that of the uploaded file."""
    state = view.state
    return {
        "id": view.file,
        "object": "vector_store.file",
        "usage_bytes": state.serving.usage_bytes if state.serving and state.status == "completed" else 0,
        "created_at": _seconds(state.placement.at if state.placement else 0),
        "vector_store_id": view.store,
        "status": state.status,
        "last_error": {"code": state.failure.code, "message": state.failure.message} if state.failure else None,
        "chunking_strategy": dialect.chunking(state.chunking),
        "attributes": dict(state.attributes),
        "warnings": [
            {"code": each.code, "message": each.message, "where": each.where or None} for each in state.warnings
        ],
        "filename": state.filename,
        **_progress(view),
    }


def batch(view: BatchView) -> Json:
    """A file batch."""
    return {
        "id": view.id,
        "object": "vector_store.file_batch",
        "created_at": _seconds(view.state.created_at),
        "vector_store_id": view.state.store,
        "status": view.status,
        "file_counts": _counts(view.counts),
    }


def content(file_content: IndexedText, dialect: Dialect) -> Json:
    """The text of a file in a store, with the attributes of its serving generation."""
    state = file_content.view.state
    attributes = state.serving.attributes if state.serving else state.attributes
    return dialect.content(Text(file_content.view.file, state.filename, attributes, file_content.text))


def results(found: Found, dialect: Dialect, *, of_several: bool = False, explained: bool = False) -> Json:
    """The results of a search; those of a search of several stores name their stores."""
    data = [
        {
            **({"vector_store_id": each.store} if of_several else {}),
            "file_id": each.file,
            "filename": each.filename,
            "score": each.score,
            "attributes": dict(each.attributes),
            "content": [{"type": "text", "text": each.text, "location": location(each.n, each.location)}],
            **({"explanation": present_explanation.explanation(each.why)} if explained else {}),
        }
        for each in found.results
    ]
    query = dialect.search_query(found.queries)
    return {
        "object": "vector_store.search_results.page",
        "search_query": query,
        "data": data,
        "has_more": False,
        "next_page": None,
        "warnings": [{"code": each.code, "message": each.message} for each in found.warnings],
    }


def chunk(view: ChunkView) -> Json:
    """A chunk of a file in a store."""
    piece = view.piece
    return {
        "id": f"chunk-{view.id.generation}-{view.id.n}",
        "object": "vector_store.file.chunk",
        "vector_store_id": view.store,
        "file_id": view.file,
        "text": piece.text,
        "lead_in": piece.frame.before,
        "lead_out": piece.frame.after,
        "tokens": piece.tokens,
        "location": location(piece.n, piece.location),
    }


def location(n: int, place: Location | None) -> Json | None:
    """Where chunk `n` of a file is; None if it was ingested by a version that did not keep that."""
    if place is None:
        return None
    return {
        "chunk": n,
        "start": place.start,
        "end": place.end,
        "first_page": place.first_page,
        "last_page": place.last_page,
        "sheet": place.sheet,
        "headings": list(place.headings),
        "page_label": place.page_label,
    }


def page(data: Sequence[Json], dialect: Dialect, *, has_more: bool) -> Json:
    """A page of a list."""
    first, last = (data[0]["id"], data[-1]["id"]) if data else (dialect.empty_id, dialect.empty_id)
    return {"object": "list", "data": list(data), "first_id": first, "last_id": last, "has_more": has_more}


def deleted(kind: str, thing: str) -> Json:
    """The response to a DELETE."""
    return {"id": thing, "object": kind, "deleted": True}


def _progress(view: StoreFileView) -> Json:
    """Numbers of chunks and pages: those of the open generation if there is one, else of the serving generation."""
    state, reached = view.state, view.progress
    if reached is not None:
        return {
            "chunk_count": reached.chunks,
            "processed_chunk_count": reached.embedded,
            "page_count": reached.pages or None,
            "processed_page_count": reached.pages_done if reached.pages else None,
        }
    if state.open is not None:
        return {
            "chunk_count": state.open.chunks or None,
            "processed_chunk_count": 0,
            "page_count": None,
            "processed_page_count": 0,
        }
    if state.serving is None:
        return {"chunk_count": None, "processed_chunk_count": None, "page_count": None, "processed_page_count": None}
    chunks, pages = state.serving.chunks, state.serving.pages or None
    return {"chunk_count": chunks, "processed_chunk_count": chunks, "page_count": pages, "processed_page_count": pages}


def _counts(counts: Counts) -> Json:
    return {
        "in_progress": counts.in_progress,
        "completed": counts.completed,
        "failed": counts.failed,
        "cancelled": counts.cancelled,
        "total": counts.total,
    }


def _seconds(ms: int) -> int:
    return ms // 1000


def _maybe_seconds(ms: int | None) -> int | None:
    return None if ms is None else ms // 1000
