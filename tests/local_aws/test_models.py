"""Which models `./dev aws` offers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from local_aws.embeddings import UnknownModel
from local_aws.models import offered
from local_aws.servers import Servers
from vectorlog.embedding.offers import openai_offers
from vectorlog.endpoints.endpoint import Endpoint


class Secrets:
    """Servers of which only Secrets Manager is there."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def client(self, service: str) -> Any:
        assert service == "secretsmanager"
        return self

    def create_secret(self, Name: str, SecretString: str) -> dict[str, str]:
        self.kept[Name] = SecretString
        return {"ARN": f"arn:{Name}"}


def variables(given: dict[str, str], models: str | None = None, secrets: Secrets | None = None) -> dict[str, str]:
    """The functions' variables, with these of `VECTORLOG_EMBEDDING…`."""
    named = {f"VECTORLOG_EMBEDDING{name}": value for name, value in given.items()}
    with offered(cast("Servers", secrets or Secrets()), models, named) as found:
        return found


def test_the_built_in_model_is_loaded_once() -> None:
    """By default the functions ask one endpoint for the built-in model, instead of loading it in each process."""
    with offered(cast("Servers", Secrets()), None, {}) as found:
        assert found["VECTORLOG_MODELS"] == "openai:granite-embedding-30m-english"
        endpoint = Endpoint(found["VECTORLOG_EMBEDDING_BASE_URL"], None)
        [offer] = openai_offers(endpoint, models={"granite-embedding-30m-english": None})
        assert callable(offer.dimensions)
        assert offer.dimensions() == 384
        endpoint.close()


def test_settings_of_the_local_edition(tmp_path: Path) -> None:
    """An endpoint that `./dev serve` asks is asked here too, with its key, which is in a secret as on AWS."""
    secrets, file = Secrets(), tmp_path / "key"
    file.write_text("sk-2\n")
    url = "http://127.0.0.1:11434/v1"
    found = variables({"": "openai", "_BASE_URL": url, "_MODEL": "small", "_API_KEY": "sk-1"}, secrets=secrets)
    assert found == {
        "VECTORLOG_MODELS": "openai:small",
        "VECTORLOG_EMBEDDING_BASE_URL": url,
        "VECTORLOG_EMBEDDING_SECRET": "arn:vectorlog-embedding-key",
    }
    assert secrets.kept == {"vectorlog-embedding-key": "sk-1"}
    variables({"": "openai", "_API_KEY_FILE": str(file)}, secrets=secrets)
    assert secrets.kept == {"vectorlog-embedding-key": "sk-2"}


def test_openai_by_default() -> None:
    """`VECTORLOG_EMBEDDING=openai` alone offers OpenAI's three models, as `serve` does."""
    found = variables({"": "openai"})
    assert found["VECTORLOG_MODELS"].split(",")[0] == "openai:text-embedding-3-small"
    assert found["VECTORLOG_EMBEDDING_BASE_URL"] == "https://api.openai.com/v1"
    assert "VECTORLOG_EMBEDDING_SECRET" not in found


def test_named_models() -> None:
    """`--models` goes before the variables that name a model, and takes the endpoint of these."""
    url = "http://127.0.0.1:11434/v1"
    found = variables({"": "openai", "_MODEL": "small", "_BASE_URL": url}, "openai:a, bedrock:b")
    assert found == {"VECTORLOG_MODELS": "openai:a,bedrock:b", "VECTORLOG_EMBEDDING_BASE_URL": url}


def test_no_such_model() -> None:
    """A built-in model that is not there is named before anything is started."""
    with pytest.raises(UnknownModel, match="no built-in model none here"):
        variables({}, "local:none")
