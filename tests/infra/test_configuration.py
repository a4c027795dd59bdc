from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path

import pytest

from infra.configuration import Configuration, ConfigurationError, read
from infra.stack import LIMIT_SETTINGS
from tests.infra.synthesized import Synthesize
from vectorlog.runtime.aws.environment import Environment

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
        ({"reranking_model": "m"}, "reranking_model alone"),
        ({"reranking_base_url": "https://a.example/v1"}, "reranking_base_url alone"),
        ({"reranking_secret_arn": "arn:aws:secretsmanager:eu-central-1:1:secret:a"}, "only with reranking_model"),
    ],
)
def test_refused(context: dict[str, str], says: str) -> None:
    """An invalid value, alone or together with others, is refused by name before anything is created."""
    with pytest.raises(ConfigurationError) as refused:
        read(context)
    assert says in str(refused.value)


LOCAL_ONLY = {"opensearch_engine", "opensearch_prefix", "opensearch_refresh"}
"""Fields of `Environment` that only `local_aws` sets; a deployed function uses their defaults."""


def test_functions_get_every_setting(synthesize: Synthesize) -> None:
    """What functions can be told reaches at least one of them, once it is configured."""
    stack = synthesize(
        models="openai:a",
        embedding_base_url="https://a.example/v1",
        embedding_secret_arn="arn:aws:secretsmanager:eu-central-1:1:secret:a",
        duplicate_content="refuse",
        embeddings_api="off",
        cors_origins="https://example.com",
        rewriting_model="small",
        rewriting_base_url="https://a.example/v1",
        rewriting_secret_arn="arn:aws:secretsmanager:eu-central-1:1:secret:b",
        reranking_model="cross",
        reranking_base_url="https://b.example/v1",
        reranking_secret_arn="arn:aws:secretsmanager:eu-central-1:1:secret:c",
        views="1,2",
        opensearch_shards="2",
        limit_files_per_minute="1",
        limit_stored_bytes="2",
        limit_files="3",
        limit_stores="4",
        webhook_allow_private="true",
        spread_counts="false",
        event_bus="true",
        otlp_endpoint="https://collector.example.com",
    )
    functions = stack.of("AWS::Lambda::Function").values()
    told = {name for each in functions for name in each["Properties"].get("Environment", {}).get("Variables", {})}
    wanted = {each.name for each in fields(Environment)} - LOCAL_ONLY - {"opensearch_form"}  # see IndexCollection
    assert {name for name in wanted if f"VECTORLOG_{name.upper()}" not in told} == set()


def test_every_setting_is_read() -> None:
    """A setting that nothing in the stack reads would be accepted, documented and ignored."""
    folder = Path(__file__).parents[2] / "infra"
    modules = [path for path in folder.rglob("*.py") if path.name != "configuration.py"]
    used = {
        node.attr
        for path in modules
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
    }
    used |= {"removal", "otlp_endpoint", *LIMIT_SETTINGS}  # by `keeps` and `traces_to` of Configuration, and by name
    assert {each.name for each in fields(Configuration)} - used == set()
