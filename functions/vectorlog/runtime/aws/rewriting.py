"""What rewrites queries in a deployment on AWS."""

from __future__ import annotations

from vectorlog.rewriting.rewriter import PlainRewriter, Rewriter
from vectorlog.runtime.aws import clients
from vectorlog.runtime.aws.environment import Environment


def rewriter(environment: Environment) -> Rewriter:
    """Returns the rewriter with the chat model of `VECTORLOG_REWRITING_MODEL`, or the one that needs no model."""
    if not environment.rewriting_model:
        return PlainRewriter()
    from vectorlog.endpoints.endpoint import Endpoint
    from vectorlog.rewriting.chat import PATH, ChatRewriter
    from vectorlog.runtime.aws.secrets import endpoint_key

    secret = environment.rewriting_secret
    read = (lambda: endpoint_key(clients.secrets_manager(), secret)) if secret else None
    endpoint = Endpoint(environment.rewriting_base_url, read, path=PATH, settings="rewriting")
    return ChatRewriter(endpoint, environment.rewriting_model)
