"""The vectors of a search's queries."""

from __future__ import annotations

from collections.abc import Sequence

from vectorlog.deployment import Deployment
from vectorlog.domain import vector_store
from vectorlog.domain.errors import Invalid, Unavailable
from vectorlog.domain.vectors import Vector
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.use_cases import vector_stores


def of_store(deployment: Deployment, store: vector_store.State, queries: Sequence[str]) -> list[Vector]:
    """Returns the vectors of queries in the space of a store.

    Raises:
        Invalid: the deployment no longer offers the model, or the provider refuses the text of a query.
        Unavailable: the provider does not answer.
    """
    embedder = vector_stores.require_model(deployment, store)
    try:
        return [embedder.query(query) for query in queries]
    except EmbeddingError as error:
        if error.fault == "text":
            raise Invalid(f"The embedding provider refused the query: {error}", param="query") from error
        wait = int(error.retry_after or 1) + 1
        raise Unavailable(f"The query could not be embedded: {error}", retry_after=min(wait, 60)) from error
