"""The environment variables of a Lambda function."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from vectorlog.defaults import (
    DUPLICATE_CONTENT,
    EMBEDDINGS_API,
    INDEX_PARTITION,
    INDEX_PREFIX,
    INDEX_SHARDS,
    MODELS_ON_AWS,
    OPENAI_URL,
    OPENSEARCH_FORM,
    READ_CPU_SECONDS,
    READ_CPU_SECONDS_PER_MB,
    REFRESH,
    VECTOR_ENGINE,
    VECTORS_IN,
    DuplicateContent,
    EmbeddingsApi,
    OpenSearchForm,
    Refresh,
    VectorEngine,
    VectorsIn,
)


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings of a function. Each is the variable of its name in capitals, with the prefix `VECTORLOG_`.

    A function is given only the variables that it needs.

    Attributes:
        views_also: further tables of views, separated by commas, that are written but not read: while `vectorlog
            rebuild` fills them, and until they are removed.
        spread_counts: `False` keeps the counts of each row in one item (`views/dynamodb_counters.py`).
        work_queue, embed_queue, erase_queue: URLs of the queues.
        deliver_queue, outbox_table: the queue of what is to be told to others, and the table where it waits.
        webhook_secret: the id of the secret that holds the key from which the secrets of webhooks are derived.
        webhook_allow_private: `True` sends webhooks to private addresses too, and over http.
        event_bus: the name of the event bus; empty for none.
        opensearch_endpoint: URL of the domain or collection.
        opensearch_form: whether it is a `domain`, or a `collection` of OpenSearch Serverless.
        opensearch_prefix: begins the names of its indexes.
        opensearch_vectors: where a new index has its vectors: in `memory`, or compressed there and whole on `disk`.
        opensearch_shards, opensearch_partition: number of shards of a new index, and of those that a store is in.
        opensearch_refresh: `wait_for` waits for OpenSearch's next refresh, `true` forces one.
        models: `provider:name` of each offered model, separated by commas; the first is the default.
        embedding_base_url, embedding_secret: URL of an OpenAI-compatible endpoint, and the id of the secret that holds
            its key.
        rewriting_model, rewriting_base_url, rewriting_secret: the chat model that rewrites queries, the URL of its
            OpenAI-compatible endpoint, and the id of the secret that holds its key; no model rewrites by fixed rules.
        reranking_model, reranking_base_url, reranking_secret: the reranker, the URL to which `/rerank` is added, and
            the id of the secret that holds its key; no model refuses searches that ask for it.
        cors_origins: origins whose pages may call the API from a browser, separated by commas.
        limit_requests_per_second, limit_files_per_minute, limit_stored_bytes, limit_files, limit_stores: what each
            project may send and hold; 0 is no limit.
        reader_cpu_seconds, reader_cpu_seconds_per_mb: how much CPU time reading a file may take, in seconds: so much,
            and so much for each MB.
        otlp_endpoint: URL that takes traces by OTLP over HTTP; empty makes none.
    """

    events_table: str = ""
    views_table: str = ""
    views_also: str = ""
    spread_counts: str = "True"
    bucket: str = ""
    work_queue: str = ""
    embed_queue: str = ""
    erase_queue: str = ""
    deliver_queue: str = ""
    outbox_table: str = ""
    webhook_secret: str = ""
    webhook_allow_private: str = "False"
    event_bus: str = ""
    opensearch_endpoint: str = ""
    opensearch_form: OpenSearchForm = OPENSEARCH_FORM
    opensearch_engine: VectorEngine = VECTOR_ENGINE
    opensearch_vectors: VectorsIn = VECTORS_IN
    opensearch_prefix: str = INDEX_PREFIX
    opensearch_shards: str = str(INDEX_SHARDS)
    opensearch_partition: str = str(INDEX_PARTITION)
    opensearch_refresh: Refresh = REFRESH
    models: str = ",".join(MODELS_ON_AWS)
    embedding_base_url: str = OPENAI_URL
    embedding_secret: str = ""
    rewriting_model: str = ""
    rewriting_base_url: str = OPENAI_URL
    rewriting_secret: str = ""
    reranking_model: str = ""
    reranking_base_url: str = ""
    reranking_secret: str = ""
    cors_origins: str = ""
    duplicate_content: DuplicateContent = DUPLICATE_CONTENT
    limit_requests_per_second: str = "0"
    limit_files_per_minute: str = "0"
    limit_stored_bytes: str = "0"
    limit_files: str = "0"
    limit_stores: str = "0"
    embeddings_api: EmbeddingsApi = EMBEDDINGS_API
    reader_cpu_seconds: str = str(READ_CPU_SECONDS)
    reader_cpu_seconds_per_mb: str = str(READ_CPU_SECONDS_PER_MB)
    otlp_endpoint: str = ""

    @staticmethod
    def needed() -> tuple[str, ...]:
        """Returns the names of the fields that an operator's command requires."""
        return (
            "events_table",
            "views_table",
            "bucket",
            "work_queue",
            "embed_queue",
            "erase_queue",
            "opensearch_endpoint",
        )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Environment:
        """Reads the settings from the environment. An unset or empty variable keeps its default."""
        values = {each.name: environment.get(f"VECTORLOG_{each.name.upper()}") for each in fields(cls)}
        return cls(**{name: value for name, value in values.items() if value})  # type: ignore[arg-type]  # checked where they are used
