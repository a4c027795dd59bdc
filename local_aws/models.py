"""Which models the functions of `./dev aws` offer, by the variables of the local edition or by `--models`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local_aws.embeddings import embeddings
from local_aws.servers import Servers
from vectorlog.defaults import LOCAL_MODEL, OPENAI_URL
from vectorlog.embedding.offers import OPENAI

SECRET = "vectorlog-embedding-key"


@contextmanager
def offered(servers: Servers, models: str | None, given: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Gives the functions' variables.

    Built-in models are loaded once and served as an endpoint, under their own names: each process of a function would
    load them anew. A key of an endpoint is put into Secrets Manager, where functions look for it.

    Args:
        servers: the local servers.
        models: as in `VECTORLOG_MODELS`; None takes those that the variables name.
        given: the environment: `VECTORLOG_EMBEDDING`, `…_MODEL`, `…_BASE_URL`, `…_API_KEY` and `…_API_KEY_FILE` mean
            what they mean to `./dev serve`.

    Raises:
        UnknownModel: a built-in model is not there.
    """
    names = [name.strip() for name in (models or _named(given)).split(",") if name.strip()]
    local = [name.partition(":")[2] for name in names if name.startswith("local:")]
    if len(local) == len(names):
        with embeddings(local) as url:
            served = ",".join(f"openai:{name}" for name in local)
            yield {"VECTORLOG_MODELS": served, "VECTORLOG_EMBEDDING_BASE_URL": url}
        return
    url = given.get("VECTORLOG_EMBEDDING_BASE_URL") or OPENAI_URL
    yield {"VECTORLOG_MODELS": ",".join(names), "VECTORLOG_EMBEDDING_BASE_URL": url, **_secret(servers, given)}


def _named(given: Mapping[str, str]) -> str:
    """The models that the variables name."""
    model = given.get("VECTORLOG_EMBEDDING_MODEL", "")
    if given.get("VECTORLOG_EMBEDDING", "local") == "openai":
        return ",".join(f"openai:{name}" for name in ([model] if model else OPENAI))
    return f"local:{model or LOCAL_MODEL}"


def _secret(servers: Servers, given: Mapping[str, str]) -> dict[str, str]:
    file = given.get("VECTORLOG_EMBEDDING_API_KEY_FILE")
    key = Path(file).expanduser().read_text().strip() if file else given.get("VECTORLOG_EMBEDDING_API_KEY")
    if not key:
        return {}
    client = servers.client("secretsmanager")
    return {"VECTORLOG_EMBEDDING_SECRET": client.create_secret(Name=SECRET, SecretString=key)["ARN"]}
