"""The embedding models that a deployment on AWS offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.runtime.aws import clients
from vectorlog.runtime.aws.environment import Environment
from vectorlog.runtime.aws.trail import LoggedCalls
from vectorlog.telemetry.telemetry import Telemetry


class NotOffered(ValueError):
    """`VECTORLOG_MODELS` is empty, or names an unknown provider or model."""


def models(environment: Environment, *, searching: bool, telemetry: Telemetry | None = None) -> Models:
    """Returns the models of `VECTORLOG_MODELS`, in its order.

    Args:
        environment: the function's settings.
        searching: whether the embeddings are for searches. A client waits for those, so calls to Bedrock are retried
            less often than for ingest.
        telemetry: counts and logs the models' calls.

    Raises:
        NotOffered: no model is named, or one of them is unknown.
    """
    wanted = [name.strip() for name in environment.models.split(",") if name.strip()]
    providers: Mapping[str, Callable[[], Sequence[Offer]]] = {
        "bedrock": lambda: _bedrock(searching=searching),
        "openai": lambda: _openai(environment, wanted),
        "local": _local,
    }
    unknown = [name for name in wanted if name.partition(":")[0] not in providers]
    offers = {
        offer.model: offer for provider, make in providers.items() if _names(wanted, provider) for offer in make()
    }
    unknown += [name for name in wanted if name not in offers and name not in unknown]
    if unknown or not wanted:
        raise NotOffered(
            f"VECTORLOG_MODELS names {', '.join(unknown) or 'no model'}; known models: {', '.join(offers) or 'none'}."
        )
    return Models([offers[name] for name in wanted], telemetry=telemetry, meter=LoggedCalls())


def _names(wanted: Sequence[str], provider: str) -> list[str]:
    return [name.partition(":")[2] for name in wanted if name.startswith(f"{provider}:")]


def _bedrock(*, searching: bool) -> Sequence[Offer]:
    from vectorlog.embedding.bedrock import bedrock_offers

    return bedrock_offers(clients.bedrock_for_search() if searching else clients.bedrock_for_ingest())


def _openai(environment: Environment, wanted: Sequence[str]) -> Sequence[Offer]:
    from vectorlog.embedding.offers import openai_offers
    from vectorlog.endpoints.endpoint import Endpoint
    from vectorlog.runtime.aws.secrets import endpoint_key

    secret = environment.embedding_secret
    read = (lambda: endpoint_key(clients.secrets_manager(), secret)) if secret else None
    endpoint = Endpoint(environment.embedding_base_url, read)
    return openai_offers(endpoint, models=dict.fromkeys(_names(wanted, "openai")))


def _local() -> Sequence[Offer]:
    from vectorlog.embedding.offers import local_offers

    return local_offers()
