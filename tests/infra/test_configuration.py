from __future__ import annotations

import pytest

from infra.configuration import Configuration, ConfigurationError, read

pytestmark = pytest.mark.infra


def test_default() -> None:
    """A deployment needs no settings; the CDK's own context is ignored."""
    assert (
        read(
            {"@aws-cdk/core:newStyleStackSynthesis": True, "aws:cdk:enable-path-metadata": True, "cli-telemetry": False}
        )
        == Configuration()
    )


def test_command_line() -> None:
    """Text from `-c` is converted; lists are written with commas."""
    found = read(
        {
            "stage": "prod",
            "opensearch_nodes": "3",
            "log_retention_days": "90",
            "models": "openai:a, bedrock:b",
            "removal": "destroy",
        }
    )
    assert found == Configuration(
        stage="prod", opensearch_nodes=3, log_retention_days=90, models=("openai:a", "bedrock:b"), removal="destroy"
    )
    assert not found.keeps


def test_file() -> None:
    """cdk.json may hold numbers and lists."""
    assert read({"opensearch_nodes": 2, "cors_origins": ["https://a.example"]}).cors_origins == ("https://a.example",)


def test_unknown_name() -> None:
    """An unknown setting is refused by its name, and the error lists the known ones."""
    with pytest.raises(ConfigurationError, match=r"no setting opensearch-nodes, stages\. There are stage, models"):
        read({"stages": "prod", "opensearch-nodes": "2"})


@pytest.mark.parametrize(
    ("context", "says"),
    [
        ({"stage": "Prod"}, "stage='Prod'"),
        ({"opensearch_nodes": "0"}, "opensearch_nodes='0'"),
        ({"opensearch_nodes": "5"}, "multiple of 2 or 3"),
        ({"removal": "maybe"}, "removal='maybe'"),
        ({"embed_concurrency": "1"}, "embed_concurrency='1'"),
        ({"log_retention_days": "31"}, "log_retention_days=31"),
        ({"models": ""}, "models names none"),
        ({"models": "local:granite"}, "local model is too big"),
        ({"views": "1,1"}, "two different ones"),
        ({"views": "1,2,3"}, "two different ones"),
        ({"opensearch_endpoint": "https://a.example"}, "opensearch_endpoint alone"),
        ({"domain_name": "api.example"}, "domain_name alone"),
        ({"hosted_zone": "Z1"}, "with domain_name"),
        ({"embedding_secret_arn": "arn:aws:secretsmanager:eu-central-1:1:secret:a"}, "model openai:"),
        ({"alarm_email": "nobody"}, "alarm_email='nobody'"),
    ],
)
def test_refused(context: dict[str, str], says: str) -> None:
    """An invalid value, alone or together with others, is refused by name before anything is created."""
    with pytest.raises(ConfigurationError) as refused:
        read(context)
    assert says in str(refused.value)
