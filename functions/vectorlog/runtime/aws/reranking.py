"""What reranks in a deployment on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectorlog.runtime.aws import clients

if TYPE_CHECKING:
    from vectorlog.reranking.reranker import Reranker
    from vectorlog.runtime.aws.environment import Environment


def reranker(environment: Environment) -> Reranker:
    """Returns the reranker with the model of `VECTORLOG_RERANKING_MODEL`."""
    from vectorlog.endpoints.endpoint import Endpoint
    from vectorlog.reranking.endpoint import PATH, EndpointReranker
    from vectorlog.runtime.aws.secrets import endpoint_key

    secret = environment.reranking_secret
    read = (lambda: endpoint_key(clients.secrets_manager(), secret)) if secret else None
    endpoint = Endpoint(environment.reranking_base_url, read, path=PATH, settings="reranking")
    return EndpointReranker(endpoint, environment.reranking_model)
