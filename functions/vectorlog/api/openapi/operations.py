"""What the specification says of each operation, besides its route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from vectorlog.api.input.admin_schemas import KeyCreation, KeyList, LimitsChange, LimitsList
from vectorlog.api.input.embeddings_schemas import EmbeddingsRequest
from vectorlog.api.input.file_fields import FileForm
from vectorlog.api.input.no_parameters import NoParameters
from vectorlog.api.input.permission_schemas import Grant
from vectorlog.api.input.queries import (
    ChunkList,
    Deletion,
    EventList,
    FileList,
    Moment,
    StoreFileList,
    StoreFileListThen,
    StoreList,
)
from vectorlog.api.input.schemas import AttributesChange, BatchCreation, FileAttachment, StoreChange, StoreCreation
from vectorlog.api.input.search_schemas import SearchOfStores, SearchRequest
from vectorlog.api.input.upload_schemas import PartForm, UploadCompletion, UploadCreation
from vectorlog.api.input.usage_queries import FilesUsage, OrganizationUsage, StoresUsage
from vectorlog.api.input.webhook_schemas import EndpointChange, EndpointCreation, EndpointList, EndpointTest, Rotation
from vectorlog.api.openapi.answers.admin import AdminApiKey, DeletedAdminApiKey, NewAdminApiKey
from vectorlog.api.openapi.answers.answer import ByDialect
from vectorlog.api.openapi.answers.chunks import Chunk
from vectorlog.api.openapi.answers.events import Event
from vectorlog.api.openapi.answers.file_batches import FileBatch
from vectorlog.api.openapi.answers.files import DeletedFile, File
from vectorlog.api.openapi.answers.models import DeletedModel, EmbeddingModels, Embeddings, Model, Models
from vectorlog.api.openapi.answers.pages import pages
from vectorlog.api.openapi.answers.permissions import DeletedPermission, EffectivePermission, Permission, Permissions
from vectorlog.api.openapi.answers.rate_limits import ProjectRateLimit
from vectorlog.api.openapi.answers.search import ResultsOfStores, ResultsOfStoresMka1, SearchResults, SearchResultsMka1
from vectorlog.api.openapi.answers.store_files import (
    ContentMka1,
    ContentPage,
    DetachedFile,
    VectorStoreFile,
    VectorStoreFileMka1,
)
from vectorlog.api.openapi.answers.uploads import Upload, UploadPart
from vectorlog.api.openapi.answers.usage import OrganizationUsageReport, UsageReport
from vectorlog.api.openapi.answers.vector_stores import DeletedVectorStore, VectorStore
from vectorlog.api.openapi.answers.webhooks import (
    DeletedWebhookEndpoint,
    WebhookEndpoint,
    WebhookEndpointWithSecret,
    WebhookEventTypes,
    WebhookTest,
)
from vectorlog.api.openapi.answers.whoami import Caller, Queue

Bytes = Literal["bytes"]
"""The answer is not JSON, but the bytes of a file."""


@dataclass(frozen=True, slots=True)
class Described:
    """An operation's description.

    Attributes:
        summary: what it does, as a sentence.
        answer: the schema of the answer; `ByDialect` if the dialects differ.
        body: the schema of the JSON body, or of a form's text fields; None if the operation reads no body.
        parameters: the schema of the query string.
        files: the names of a form's file parts.
        polled: whether a client polls it, so that the answer may carry `openai-poll-after-ms`.
    """

    summary: str
    answer: type[BaseModel] | ByDialect | Bytes
    body: type[BaseModel] | None = None
    parameters: type[BaseModel] = NoParameters
    files: tuple[str, ...] = ()
    polled: bool = False


_STORE_FILE = ByDialect(VectorStoreFile, VectorStoreFileMka1)
_STORE_FILES = pages(VectorStoreFile, VectorStoreFileMka1)

OPERATIONS: Mapping[str, Described] = {
    "uploadFile": Described("Uploads a file.", File, FileForm, files=("file",)),
    "listFiles": Described("Lists files.", pages(File), parameters=FileList),
    "getFile": Described("Gets a file.", File),
    "deleteFile": Described("Deletes a file, also from every vector store.", DeletedFile, parameters=Deletion),
    "getFileContent": Described("Downloads a file.", "bytes"),
    "createUpload": Described("Begins an upload: a file that is sent in parts.", Upload, UploadCreation),
    "addUploadPart": Described("Adds a part to an upload.", UploadPart, PartForm, files=("data",)),
    "completeUpload": Described("Makes a file of the parts of an upload.", Upload, UploadCompletion),
    "cancelUpload": Described("Cancels an upload. It can get no more parts.", Upload),
    "createVectorStore": Described("Creates a vector store.", VectorStore, StoreCreation),
    "listVectorStores": Described("Lists vector stores.", pages(VectorStore), parameters=StoreList),
    "getVectorStore": Described("Gets a vector store.", VectorStore, parameters=Moment, polled=True),
    "modifyVectorStore": Described("Changes a vector store.", VectorStore, StoreChange),
    "deleteVectorStore": Described("Deletes a vector store. Its files stay.", DeletedVectorStore, parameters=Deletion),
    "searchVectorStore": Described(
        "Searches a vector store.", ByDialect(SearchResults, SearchResultsMka1), SearchRequest
    ),
    "createVectorStoreFile": Described("Attaches a file to a vector store.", _STORE_FILE, FileAttachment),
    "listVectorStoreFiles": Described("Lists the files of a vector store.", _STORE_FILES, parameters=StoreFileListThen),
    "getVectorStoreFile": Described("Gets a file in a vector store.", _STORE_FILE, parameters=Moment, polled=True),
    "updateVectorStoreFileAttributes": Described(
        "Replaces the attributes of a file in a vector store.", _STORE_FILE, AttributesChange
    ),
    "deleteVectorStoreFile": Described(
        "Takes a file out of a vector store. The file itself stays.", DetachedFile, parameters=Deletion
    ),
    "getVectorStoreFileContent": Described(
        "Gets the indexed text of a file in a vector store.", ByDialect(ContentPage, ContentMka1)
    ),
    "createVectorStoreFileBatch": Described("Attaches up to 2,000 files to a vector store.", FileBatch, BatchCreation),
    "getVectorStoreFileBatch": Described("Gets a file batch.", FileBatch, polled=True),
    "cancelVectorStoreFileBatch": Described(
        "Cancels a file batch: none of its unfinished files completes because of it.", FileBatch
    ),
    "listVectorStoreFilesInBatch": Described("Lists the files of a batch.", _STORE_FILES, parameters=StoreFileList),
    "searchVectorStores": Described(
        "Searches several vector stores. This server's own.",
        ByDialect(ResultsOfStores, ResultsOfStoresMka1),
        SearchOfStores,
    ),
    "listVectorStoreFileChunks": Described(
        "Lists the chunks of a file in a vector store. This server's own.", pages(Chunk), parameters=ChunkList
    ),
    "listFileEvents": Described(
        "Lists what happened to a file. This server's own.", pages(Event), parameters=EventList
    ),
    "listVectorStoreEvents": Described(
        "Lists what happened to a vector store. This server's own.", pages(Event), parameters=EventList
    ),
    "listVectorStoreFileEvents": Described(
        "Lists what happened to a file in a vector store. This server's own.", pages(Event), parameters=EventList
    ),
    "getOrganizationUsage": Described(
        "Reports the bytes in vector stores by day.", OrganizationUsageReport, parameters=OrganizationUsage
    ),
    "getVectorStoresUsage": Described(
        "Reports the bytes in vector stores by day.", UsageReport, parameters=StoresUsage
    ),
    "getFilesUsage": Described("Reports the bytes of files by day.", UsageReport, parameters=FilesUsage),
    "listModels": Described("Lists the models that embed.", Models),
    "getModel": Described("Gets a model.", Model),
    "deleteModel": Described("Always refused: the models are the deployment's.", DeletedModel),
    "createEmbeddings": Described("Embeds texts.", Embeddings, EmbeddingsRequest),
    "listEmbeddingModels": Described("Lists the models that embed, with their limits.", EmbeddingModels),
    "listVectorStorePermissions": Described("Lists who has a role on a vector store.", Permissions),
    "createVectorStorePermission": Described(
        "Grants a role on a vector store to an end user or to the team.", Permission, Grant
    ),
    "getVectorStorePermission": Described(
        "Gets the highest role of an end user or of the team on a vector store.", EffectivePermission
    ),
    "deleteVectorStorePermission": Described("Takes a role on a vector store back.", DeletedPermission),
    "createAdminApiKey": Described("Creates a key, and shows its secret.", NewAdminApiKey, KeyCreation),
    "listAdminApiKeys": Described("Lists keys.", pages(AdminApiKey), parameters=KeyList),
    "getAdminApiKey": Described("Gets a key.", AdminApiKey),
    "deleteAdminApiKey": Described("Revokes a key.", DeletedAdminApiKey),
    "listProjectRateLimits": Described(
        "Lists the limits of a project, as one object.", pages(ProjectRateLimit), parameters=LimitsList
    ),
    "updateProjectRateLimit": Described("Changes limits of a project.", ProjectRateLimit, LimitsChange),
    "createWebhookEndpoint": Described(
        "Creates a webhook endpoint, and shows its secret.", WebhookEndpointWithSecret, EndpointCreation
    ),
    "listWebhookEndpoints": Described("Lists webhook endpoints.", pages(WebhookEndpoint), parameters=EndpointList),
    "getWebhookEndpoint": Described("Gets a webhook endpoint.", WebhookEndpoint),
    "updateWebhookEndpoint": Described(
        "Changes a webhook endpoint, and enables it if it was disabled.", WebhookEndpoint, EndpointChange
    ),
    "deleteWebhookEndpoint": Described("Deletes a webhook endpoint.", DeletedWebhookEndpoint),
    "rotateWebhookSecret": Described(
        "Gives a webhook endpoint another secret, and shows it.", WebhookEndpointWithSecret, Rotation
    ),
    "testWebhookEndpoint": Described("Sends a sample event to a webhook endpoint.", WebhookTest, EndpointTest),
    "listWebhookEventTypes": Described("Lists the types of events.", WebhookEventTypes),
    "listQueues": Described("Lists the work queues, with what waits in them. This server's own.", pages(Queue)),
    "getCaller": Described("Says what the key of the request stands for. This server's own.", Caller),
}
"""By the operation of the route. A test fails for a route that has none (`tests/api/openapi/test_operations.py`)."""
