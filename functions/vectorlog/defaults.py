"""Names and numbers on which the editions, their functions and the stack have to agree, each written once.

It imports nothing, so that everything may import it.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

DAY_MS = 86_400_000

OPENAI_URL = "https://api.openai.com/v1"
LOCAL_MODEL = "granite-embedding-30m-english"
BEDROCK_MODEL = "amazon.titan-embed-text-v2:0"
MODELS_ON_AWS = (f"bedrock:{BEDROCK_MODEL}",)
"""What a deployment offers that chooses nothing; the first is the default of its stores."""

DuplicateContent: TypeAlias = Literal["allow", "refuse"]
DUPLICATE_CONTENT: DuplicateContent = "allow"
"""Whether a store takes the same bytes twice."""

PORT = 8080
UPLOAD_MB = 512
"""Largest upload of the local edition, OpenAI's limit, in units of 2^20 bytes."""
READERS_MEMORY_MB = 2048
"""Address space of a child process that reads a file, in units of 2^20 bytes."""
READ_SECONDS = 60.0
"""What a file may take to be read, besides what its size adds."""
INDEX_MEMORY_MB = 1024
"""What open stores of the embedded index may hold in memory, in units of 2^20 bytes."""

GATEWAY_SECONDS = 29
"""How long API Gateway waits for a function."""
GATEWAY_UPLOAD_BYTES = 4_500_000
"""Largest upload through API Gateway: Lambda takes 6 MB, and API Gateway sends binary bodies in base64."""
GATEWAY_TOO_LARGE = (
    f"The request is larger than the {GATEWAY_UPLOAD_BYTES / 1e6:g} MB that this endpoint takes. "
    f"Upload content as a file of up to {GATEWAY_UPLOAD_BYTES / 1e6:g} MB (POST /v1/files), and name its id."
)

VectorEngine: TypeAlias = Literal["faiss", "lucene"]
VECTOR_ENGINE: VectorEngine = "faiss"
Refresh: TypeAlias = Literal["wait_for", "true"]
REFRESH: Refresh = "wait_for"
INDEX_SHARDS = 1
