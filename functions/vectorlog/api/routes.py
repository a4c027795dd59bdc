"""The route table. Both editions serve it, and API Gateway's routes are generated from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from vectorlog.api.call import Call
from vectorlog.api.deferred import Handler, Resource
from vectorlog.api.dialect import DIALECTS
from vectorlog.api.request import Request
from vectorlog.api.resources import documents, health
from vectorlog.api.response import Response
from vectorlog.deployment import Deployment
from vectorlog.domain.api_key import Scope

if TYPE_CHECKING:  # what a type checker sees; at run time these modules are imported when they are first needed
    from vectorlog.api.resources import (
        admin_keys,
        events,
        file_batches,
        files,
        models,
        permissions,
        queues,
        rate_limits,
        search,
        store_files,
        uploads,
        usage,
        vector_stores,
        webhooks,
        whoami,
    )
else:
    admin_keys = Resource("admin_keys")
    events = Resource("events")
    file_batches = Resource("file_batches")
    files = Resource("files")
    models = Resource("models")
    permissions = Resource("permissions")
    queues = Resource("queues")
    rate_limits = Resource("rate_limits")
    search = Resource("search")
    store_files = Resource("store_files")
    uploads = Resource("uploads")
    usage = Resource("usage")
    vector_stores = Resource("vector_stores")
    webhooks = Resource("webhooks")
    whoami = Resource("whoami")

Method = Literal["GET", "POST", "DELETE"]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation.

    Attributes:
        path: the path after a dialect's prefix; `<name>` is a path parameter.
        operation: its name in MKA1's specification.
        effect: whether the operation only reads, or also writes.
        function: the Lambda function that serves it. Only `search` includes OpenSearch's client.
        file_field: if its body is a form, the field of the form's file; any other body is JSON.
        quick: whether it only reads a few rows, so that a server may answer it without a thread of its own.
        admin: whether it needs a key of scope `admin`, whatever its effect is. A handler that needs one only for some
            requests calls `Call.check_scope`.
    """

    method: Method
    path: str
    operation: str
    effect: Literal["read", "write"]
    handler: Callable[[Call], Response]
    function: Literal["api", "search"] = "api"
    file_field: str = ""
    admin: bool = False
    quick: bool = False

    @property
    def scope(self) -> Scope:
        """The scope that a key needs for it."""
        return "admin" if self.admin else self.effect

    @property
    def repeatable(self) -> bool:
        """Whether it takes an Idempotency-Key: a POST that writes does."""
        return self.method == "POST" and self.effect == "write"

    @property
    def grows(self) -> bool:
        """Whether it adds data, so that a full disk refuses it: every write but a delete or a cancel."""
        return self.repeatable and not self.path.endswith("/cancel")


_UPLOAD = "/uploads/<upload_id>"
_STORE = "/vector_stores/<vector_store_id>"
_FILE = f"{_STORE}/files/<file_id>"
_BATCH = f"{_STORE}/file_batches/<batch_id>"
_PERMISSIONS = f"{_STORE}/permissions"
_KEYS = "/organization/admin_api_keys"
_WEBHOOKS, _WEBHOOK = "/webhook_endpoints", "/webhook_endpoints/<webhook_endpoint_id>"
_LIMITS = "/organization/projects/<project_id>/rate_limits"

ROUTES = (
    Route("POST", "/files", "uploadFile", "write", files.upload, file_field="file"),
    Route("GET", "/files", "listFiles", "read", files.list_all),
    Route("GET", "/files/<file_id>", "getFile", "read", files.get, quick=True),
    Route("DELETE", "/files/<file_id>", "deleteFile", "write", files.delete),
    Route("GET", "/files/<file_id>/content", "getFileContent", "read", files.content),
    Route("POST", "/uploads", "createUpload", "write", uploads.create),
    Route("POST", f"{_UPLOAD}/parts", "addUploadPart", "write", uploads.add_part, file_field="data"),
    Route("POST", f"{_UPLOAD}/complete", "completeUpload", "write", uploads.complete),
    Route("POST", f"{_UPLOAD}/cancel", "cancelUpload", "write", uploads.cancel),
    Route("GET", "/files/<file_id>/events", "listFileEvents", "read", events.of_file, admin=True),
    Route("POST", "/vector_stores", "createVectorStore", "write", vector_stores.create),
    Route("GET", "/vector_stores", "listVectorStores", "read", vector_stores.list_all),
    Route("POST", "/vector_stores/search", "searchVectorStores", "read", search.search_several, "search"),
    Route("GET", _STORE, "getVectorStore", "read", vector_stores.get, quick=True),
    Route("POST", _STORE, "modifyVectorStore", "write", vector_stores.modify),
    Route("DELETE", _STORE, "deleteVectorStore", "write", vector_stores.delete),
    Route("GET", f"{_STORE}/events", "listVectorStoreEvents", "read", events.of_store, admin=True),
    Route("POST", f"{_STORE}/search", "searchVectorStore", "read", search.search, "search"),
    Route("POST", f"{_STORE}/files", "createVectorStoreFile", "write", store_files.attach),
    Route("GET", f"{_STORE}/files", "listVectorStoreFiles", "read", store_files.list_all),
    Route("GET", _FILE, "getVectorStoreFile", "read", store_files.get),
    Route("POST", _FILE, "updateVectorStoreFileAttributes", "write", store_files.change_attributes),
    Route("DELETE", _FILE, "deleteVectorStoreFile", "write", store_files.detach),
    Route("GET", f"{_FILE}/events", "listVectorStoreFileEvents", "read", events.of_store_file, admin=True),
    Route("GET", f"{_FILE}/content", "getVectorStoreFileContent", "read", store_files.content),
    Route("GET", f"{_FILE}/chunks", "listVectorStoreFileChunks", "read", store_files.chunks),
    Route("POST", f"{_STORE}/file_batches", "createVectorStoreFileBatch", "write", file_batches.create),
    Route("GET", _BATCH, "getVectorStoreFileBatch", "read", file_batches.get, quick=True),
    Route("POST", f"{_BATCH}/cancel", "cancelVectorStoreFileBatch", "write", file_batches.cancel),
    Route("GET", f"{_BATCH}/files", "listVectorStoreFilesInBatch", "read", file_batches.list_files),
    Route("GET", "/organization/usage/vector_stores", "getOrganizationUsage", "read", usage.of_organization),
    Route("GET", "/usage/vector_stores", "getVectorStoresUsage", "read", usage.of_vector_stores),
    Route("GET", "/usage/files", "getFilesUsage", "read", usage.of_files),
    Route("GET", "/models", "listModels", "read", models.list_all),
    Route("GET", "/models/<model>", "getModel", "read", models.get),
    Route("DELETE", "/models/<model>", "deleteModel", "write", models.refuse_delete),
    Route("POST", "/embeddings", "createEmbeddings", "read", models.embed, "search"),
    Route("GET", "/embeddings/models", "listEmbeddingModels", "read", models.list_limits),
    Route("GET", _PERMISSIONS, "listVectorStorePermissions", "read", permissions.list_all),
    Route("POST", _PERMISSIONS, "createVectorStorePermission", "write", permissions.grant),
    Route("GET", f"{_PERMISSIONS}/<user_id>", "getVectorStorePermission", "read", permissions.get),
    Route("DELETE", f"{_PERMISSIONS}/<user_id>", "deleteVectorStorePermission", "write", permissions.revoke),
    Route("POST", _KEYS, "createAdminApiKey", "write", admin_keys.create, admin=True),
    Route("GET", _KEYS, "listAdminApiKeys", "read", admin_keys.list_all, admin=True),
    Route("GET", f"{_KEYS}/<key_id>", "getAdminApiKey", "read", admin_keys.get, admin=True),
    Route("DELETE", f"{_KEYS}/<key_id>", "deleteAdminApiKey", "write", admin_keys.delete, admin=True),
    Route("GET", _LIMITS, "listProjectRateLimits", "read", rate_limits.list_all, admin=True),
    Route("POST", f"{_LIMITS}/<rate_limit_id>", "updateProjectRateLimit", "write", rate_limits.change, admin=True),
    Route("POST", _WEBHOOKS, "createWebhookEndpoint", "write", webhooks.create, admin=True),
    Route("GET", _WEBHOOKS, "listWebhookEndpoints", "read", webhooks.list_all, admin=True),
    Route("GET", _WEBHOOK, "getWebhookEndpoint", "read", webhooks.get, admin=True),
    Route("POST", _WEBHOOK, "updateWebhookEndpoint", "write", webhooks.change, admin=True),
    Route("DELETE", _WEBHOOK, "deleteWebhookEndpoint", "write", webhooks.delete, admin=True),
    Route("POST", f"{_WEBHOOK}/rotate_secret", "rotateWebhookSecret", "write", webhooks.rotate_secret, admin=True),
    Route("POST", f"{_WEBHOOK}/test", "testWebhookEndpoint", "read", webhooks.test, admin=True),
    Route("GET", "/webhook_event_types", "listWebhookEventTypes", "read", webhooks.event_types, admin=True),
    Route("GET", "/organization/queues", "listQueues", "read", queues.list_all, admin=True),
    Route("GET", "/whoami", "getCaller", "read", whoami.get),
)

Probe = Callable[[Deployment], Response]

HEALTH: Mapping[str, Probe] = {"/healthz": health.alive, "/readyz": health.ready}
"""Health checks by path. They take GET, have no dialect's prefix and need no key."""

DOCUMENTS: Mapping[str, Probe] = {
    "/docs": documents.page,
    "/openapi.json": documents.specification(DIALECTS),
    **{f"{each.prefix}/openapi.json": documents.specification([each]) for each in DIALECTS},
}
"""The API's description by path. It takes GET and needs no key."""

OPEN: Mapping[str, Probe] = {**HEALTH, **DOCUMENTS}
"""Every path that needs no key."""


Patterns = Mapping[int, list[tuple[re.Pattern[str], dict[str, Route]]]]
"""The routes of each path by method, by the number of the path's slashes."""


def by_slashes(table: Sequence[Route]) -> Patterns:
    """Returns a table in the form that `find` looks up."""
    by_path: dict[str, dict[str, Route]] = {}
    for route in table:
        by_path.setdefault(route.path, {})[route.method] = route
    found: dict[int, list[tuple[re.Pattern[str], dict[str, Route]]]] = {}
    for path, routes in by_path.items():
        pattern = re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", path))
        found.setdefault(path.count("/"), []).append((pattern, routes))
    return found


_PATTERNS = by_slashes(ROUTES)


_QUICK = re.compile(
    f"(?:{'|'.join(each.prefix for each in DIALECTS)})"
    f"(?:{'|'.join(re.sub('<[^>]+>', '[^/]+', route.path) for route in ROUTES if route.quick)})"
)


def is_quick(head: Request) -> bool:
    """Whether a request is for a quick route. One with a query string may be for more than a few rows."""
    return head.method == "GET" and not head.query and _QUICK.fullmatch(head.path) is not None


def load() -> None:
    """Imports the modules of all handlers, for a server that is to answer its first request as fast as any other."""
    for route in ROUTES:
        if isinstance(route.handler, Handler):
            _ = route.handler.function


def find(path: str, table: Patterns = _PATTERNS) -> tuple[Mapping[str, Route], Mapping[str, str]]:
    """Returns the routes of a path by method, and the decoded path parameters. Both are empty for an unknown path.

    A parameter may hold any character except a slash, so that the error can name an invalid id.

    Args:
        path: without the dialect's prefix.
        table: where to look.
    """
    for pattern, routes in table.get(path.count("/"), ()):
        match = pattern.fullmatch(path)
        if match is not None:
            return routes, {name: unquote(value) for name, value in match.groupdict().items()}
    return {}, {}
