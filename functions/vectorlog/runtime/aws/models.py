"""Which embedding models a deployment offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.runtime.aws import clients
from vectorlog.runtime.aws.environment import Environment
from vectorlog.telemetry.telemetry import Telemetry


class NotOffered(ValueError):
    """`VECTORLOG_MODELS` names a provider or model that there is none of."""


def models(here: Environment, *, searching: bool, telemetry: Telemetry | None = None) -> Models:
    """The models of `VECTORLOG_MODELS`, in its order. Someone waits for a search, so Bedrock is asked less often for
    one.

    Raises:
        NotOffered: one of them is unknown.
    """
    wanted = [name.strip() for name in here.models.split(",") if name.strip()]
    providers: Mapping[str, Callable[[], Sequence[Offer]]] = {
        "bedrock": lambda: _bedrock(searching=searching),
        "openai": lambda: _openai(here, wanted),
        "local": _local,
    }
    unknown = [name for name in wanted if name.partition(":")[0] not in providers]
    offers = {
        offer.model: offer for provider, make in providers.items() if _names(wanted, provider) for offer in make()
    }
    unknown += [name for name in wanted if name not in offers and name not in unknown]
    if unknown or not wanted:
        raise NotOffered(
            f"VECTORLOG_MODELS names {', '.join(unknown) or 'no model'}; there is {', '.join(offers) or 'none'}."
        )
    return Models([offers[name] for name in wanted], telemetry=telemetry)


def _names(wanted: Sequence[str], provider: str) -> list[str]:
    return [name.partition(":")[2] for name in wanted if name.startswith(f"{provider}:")]


def _bedrock(*, searching: bool) -> Sequence[Offer]:
    from vectorlog.embedding.bedrock import bedrock_offers

    return bedrock_offers(clients.bedrock_for_search() if searching else clients.bedrock_for_ingest())


def _openai(here: Environment, wanted: Sequence[str]) -> Sequence[Offer]:
    from vectorlog.embedding.endpoint import Endpoint
    from vectorlog.embedding.offers import openai_offers
    from vectorlog.runtime.aws.secrets import api_key

    key = api_key(clients.secrets_manager(), here.embedding_secret) if here.embedding_secret else None
    return openai_offers(Endpoint(here.embedding_base_url, key), models=dict.fromkeys(_names(wanted, "openai")))


def _local() -> Sequence[Offer]:
    from vectorlog.embedding.offers import local_offer

    return [local_offer()]
