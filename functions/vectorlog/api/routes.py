"""THE route table: the server serves it, API Gateway's routes are built from it, and OpenAPI is made from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from vectorlog.api import file_batches, files, health, search, store_files, vector_stores
from vectorlog.api.request import Answer, Request
from vectorlog.deployment import Deployment

Method = Literal["GET", "POST", "DELETE"]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation.

    Attributes:
        path: below a dialect's prefix; `<name>` is a path parameter.
        operation: its name, as MKA1's specification has it.
        permission: what the caller must hold.
        function: which Lambda function serves it; `search` carries OpenSearch's client.
    """

    method: Method
    path: str
    operation: str
    permission: Literal["read", "write"]
    handler: Callable[[Request], Answer]
    function: Literal["api", "search"] = "api"

    @property
    def repeatable(self) -> bool:
        """Whether an Idempotency-Key means something: a POST that changes things."""
        return self.method == "POST" and self.permission == "write"

    def ids_of(self, path: str) -> Mapping[str, str] | None:
        """The path parameters of a path that this is the route of, or None; unlike Powertools', they may be any
        characters.
        """
        match = re.fullmatch(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", self.path), path)
        return match and decoded(match.groupdict())


_STORE = "/vector_stores/<vector_store_id>"
_FILE = f"{_STORE}/files/<file_id>"
_BATCH = f"{_STORE}/file_batches/<batch_id>"

ROUTES = (
    Route("POST", "/files", "uploadFile", "write", files.upload),
    Route("GET", "/files", "listFiles", "read", files.list_all),
    Route("GET", "/files/<file_id>", "getFile", "read", files.get),
    Route("DELETE", "/files/<file_id>", "deleteFile", "write", files.delete),
    Route("GET", "/files/<file_id>/content", "getFileContent", "read", files.content),
    Route("POST", "/vector_stores", "createVectorStore", "write", vector_stores.create),
    Route("GET", "/vector_stores", "listVectorStores", "read", vector_stores.list_all),
    Route("GET", _STORE, "getVectorStore", "read", vector_stores.get),
    Route("POST", _STORE, "modifyVectorStore", "write", vector_stores.modify),
    Route("DELETE", _STORE, "deleteVectorStore", "write", vector_stores.delete),
    Route("POST", f"{_STORE}/search", "searchVectorStore", "read", search.search, "search"),
    Route("POST", f"{_STORE}/files", "createVectorStoreFile", "write", store_files.attach),
    Route("GET", f"{_STORE}/files", "listVectorStoreFiles", "read", store_files.list_all),
    Route("GET", _FILE, "getVectorStoreFile", "read", store_files.get),
    Route("POST", _FILE, "updateVectorStoreFileAttributes", "write", store_files.change_attributes),
    Route("DELETE", _FILE, "deleteVectorStoreFile", "write", store_files.detach),
    Route("GET", f"{_FILE}/content", "getVectorStoreFileContent", "read", store_files.content),
    Route("POST", f"{_STORE}/file_batches", "createVectorStoreFileBatch", "write", file_batches.create),
    Route("GET", _BATCH, "getVectorStoreFileBatch", "read", file_batches.get),
    Route("POST", f"{_BATCH}/cancel", "cancelVectorStoreFileBatch", "write", file_batches.cancel),
    Route("GET", f"{_BATCH}/files", "listVectorStoreFilesInBatch", "read", file_batches.list_files),
)

HEALTH: Mapping[str, Callable[[Deployment], Answer]] = {"/healthz": health.alive, "/readyz": health.ready}
"""GET without prefix and without a key."""


def matching(path: str) -> Iterator[tuple[Route, Mapping[str, str]]]:
    """The routes of a path below its prefix, whatever their method, with its path parameters."""
    for route in ROUTES:
        found = route.ids_of(path)
        if found is not None:
            yield route, found


def decoded(parameters: Mapping[str, str]) -> dict[str, str]:
    """Path parameters without percent-encoding; no id holds a percent sign, so what is decoded already stays."""
    return {name: unquote(value) for name, value in parameters.items()}
