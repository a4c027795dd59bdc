"""What a function's environment says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from vectorlog.defaults import (
    DUPLICATE_CONTENT,
    INDEX_SHARDS,
    MODELS_ON_AWS,
    OPENAI_URL,
    REFRESH,
    VECTOR_ENGINE,
    DuplicateContent,
    Refresh,
    VectorEngine,
)


@dataclass(frozen=True, slots=True)
class Environment:
    """Each is a variable in capitals that begins with `VECTORLOG_`; a function is given what it needs.

    Attributes:
        views_also: other tables of views, separated by commas, which are written and not read: while `vectorlog
            rebuild` fills them, and before they go.
        work_queue, embed_queue: their URLs.
        opensearch_endpoint: URL of the domain.
        opensearch_shards: of an index that is made from now on.
        opensearch_refresh: `wait_for` waits for OpenSearch's own refresh, `true` makes one.
        models: `provider:name` of each model that is offered, separated by commas; the first is the default.
        embedding_base_url, embedding_secret: an OpenAI-compatible endpoint, and the id of the secret that holds its
            key.
        cors_origins: from which browsers may call, separated by commas.
    """

    events_table: str = ""
    views_table: str = ""
    views_also: str = ""
    bucket: str = ""
    work_queue: str = ""
    embed_queue: str = ""
    opensearch_endpoint: str = ""
    opensearch_engine: VectorEngine = VECTOR_ENGINE
    opensearch_shards: str = str(INDEX_SHARDS)
    opensearch_refresh: Refresh = REFRESH
    models: str = ",".join(MODELS_ON_AWS)
    embedding_base_url: str = OPENAI_URL
    embedding_secret: str = ""
    cors_origins: str = ""
    duplicate_content: DuplicateContent = DUPLICATE_CONTENT

    @staticmethod
    def needed() -> tuple[str, ...]:
        """The fields without which an operator's command finds nothing to work on."""
        return ("events_table", "views_table", "bucket", "work_queue", "embed_queue", "opensearch_endpoint")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Environment:
        """Reads it."""
        found = {each.name: environment.get(f"VECTORLOG_{each.name.upper()}") for each in fields(cls)}
        return cls(**{name: value for name, value in found.items() if value})  # type: ignore[arg-type]  # checked where they are used
