"""The settings of a stage: one record, read from the CDK's context (`-c stage=prod`, or cdk.json)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from vectorlog.defaults import (
    DUPLICATE_CONTENT,
    EMBEDDINGS_API,
    INDEX_PARTITION,
    INDEX_SHARDS,
    MODELS_ON_AWS,
    READ_CPU_SECONDS,
    READ_CPU_SECONDS_PER_MB,
    REQUESTS_PER_SECOND_ON_AWS,
    VECTORS_IN,
    DuplicateContent,
    EmbeddingsApi,
    VectorsIn,
)

_CDK_NAMES = re.compile(r"[:/@]|^cli-telemetry$|^acknowledged-issue-numbers$")
"""Names in the context that belong to the CDK: its flags, its lookups, the settings of its command line."""


ADOT_ENDPOINT = "http://localhost:4318"
"""Where the collector in AWS's layer takes OTLP over HTTP (ADOT's guide, "AWS Distro for OpenTelemetry Lambda")."""


class ConfigurationError(ValueError):
    """The context holds an unknown name or an invalid value; the message names each."""


def _listed(value: object) -> object:
    """`a,b` on the command line is a list in cdk.json."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


_List = Annotated[tuple[str, ...], BeforeValidator(_listed)]
_Limit = Annotated[int, Field(ge=0, le=2**53 - 1)]
_Arn = Annotated[str, Field(pattern=r"^(arn:[\w-]+:\S+)?$")]


@dataclass(frozen=True, slots=True)
class Configuration:
    """Every setting has a default, so `./dev deploy` needs none.

    Attributes:
        stage: name of the deployment; part of the stack's name and of the API's address.
        models: `provider:name` of each offered embedding model, separated by commas; the first is the default.
        embedding_base_url, embedding_secret_arn: an OpenAI-compatible endpoint, and the secret that holds its key.
        rewriting_model, rewriting_base_url, rewriting_secret_arn: a chat model that rewrites queries for
            `rewrite_query`, its OpenAI-compatible endpoint, and the secret that holds its key; without a model, fixed
            rules rewrite them.
        reranking_model, reranking_base_url, reranking_secret_arn: a model that ranks the best results of searches with
            the ranker `rerank`, the URL of its endpoint, to which `/rerank` is added, and the secret that holds its
            key; without a model, such searches are refused.
        index: where chunks are searched: in a `domain` of OpenSearch Service, in a collection of OpenSearch Serverless
            (`serverless`), which sleeps while it is not used, or in an existing domain (`endpoint`).
        index_ocus: the most capacity that the collection takes for searching, and the most for writing, in OCUs.
        opensearch_endpoint, opensearch_domain_arn: an existing domain; the stack then creates none.
        opensearch_instance, opensearch_nodes, opensearch_storage_gib: of the domain that the stack creates; storage is
            per node.
        opensearch_shards: shards of each index created from now on, also by `vectorlog rebuild index`; OpenSearch's
            guide recommends 10 to 30 GB per shard.
        opensearch_partition: over how many of these shards a store is spread; more than one only if single stores are
            larger than a shard should be. A change needs `vectorlog rebuild index`.
        opensearch_vectors: where indexes created from now on have their vectors: in `memory`, or compressed to a 32nd
            there and whole on `disk`, by which candidates are scored again.
        opensearch_masters: instance type of three dedicated masters; empty has data nodes do their work.
        operator_role_arn: the role that runs `vectorlog verify`, `import` and `rebuild`; it gets full access to our
            indexes.
        views: names of the views tables; the first is read, both are written (see Rebuild).
        vpc: `none`, `new`, or the id of an existing one.
        removal: whether a `destroy` keeps tables, bucket, domain and key.
        cors_origins: origins that browsers may call from, separated by commas; empty turns CORS off.
        throttle_rate, throttle_burst: requests a second, and the largest burst, for the whole API. They are counted
            before a request's key is known, so keep them several times as large as the limit of one project.
        limit_requests_per_second, limit_files_per_minute, limit_stored_bytes, limit_files, limit_stores: what each
            project may send and hold, unless limits of its own are set; 0 is no limit.
        embed_concurrency, work_concurrency: how many embed and work functions run in parallel; Lambda allows 2 to
            1,000.
        api_reserved, search_reserved: how much of the account's concurrency only the api and the search function may
            use, and the most that they get; 0 reserves nothing, and they share with all others.
        web_acl_arn: a regional web ACL of AWS WAF that checks requests first.
        domain_name, certificate_arn, hosted_zone: a custom domain; its record is created if the zone is given, as `id`
            or `id/name`.
        rollout: how new code comes to api, search and embed: `all-at-once`, or as a `canary`: to a tenth of the calls,
            ten minutes later to all, and back by itself if an alarm rings.
        alarm_email: address that receives alarms, once it has confirmed the mail from AWS.
        architecture: processor of the functions; `x86_64` is for `sam local` on such a machine.
        otlp_endpoint: URL that takes traces by OTLP over HTTP, such as that of a collector; empty makes no traces.
        adot_layer_arn: AWS's layer of the collector (ADOT) for the functions' architecture; it takes their traces, and
            sends them to X-Ray.
        traced_share: which share of the requests is traced, if traces are made.
        log_retention_days: retention of every log group.
        duplicate_content: whether a store accepts the same bytes twice.
        embeddings_api: whether `POST /embeddings` is served, by which clients use the models for texts of any kind.
        webhook_allow_private: whether webhooks are sent to private addresses too, and over http.
        spread_counts: whether the counts of a busy store or batch are spread over several items. Turn it off for the
            deployment that replaces a version without it, and before one that goes back to it.
        event_bus: whether everything that webhooks can tell also goes to an EventBridge bus that the stack creates.
        reader_cpu_seconds, reader_cpu_seconds_per_mb: how much CPU time reading a file may take, in seconds: so much,
            and so much for each MB. One that takes more fails.
    """

    stage: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,19}$")] = "dev"
    models: _List = MODELS_ON_AWS
    embedding_base_url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    embedding_secret_arn: _Arn = ""
    rewriting_model: str = ""
    rewriting_base_url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    rewriting_secret_arn: _Arn = ""
    reranking_model: str = ""
    reranking_base_url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    reranking_secret_arn: _Arn = ""
    index: Literal["domain", "serverless", "endpoint"] = "domain"
    index_ocus: Annotated[int, Field(ge=2, le=1_700)] = 4
    opensearch_endpoint: Annotated[str, Field(pattern=r"^(https://\S+)?$")] = ""
    opensearch_domain_arn: _Arn = ""
    opensearch_instance: Annotated[str, Field(pattern=r"^[a-z0-9]+\.[a-z0-9]+\.search$")] = "t3.small.search"
    opensearch_nodes: Annotated[int, Field(ge=1, le=80)] = 1
    opensearch_storage_gib: Annotated[int, Field(ge=10, le=16384)] = 20
    opensearch_shards: Annotated[int, Field(ge=1, le=100)] = INDEX_SHARDS
    opensearch_partition: Annotated[int, Field(ge=1, le=99)] = INDEX_PARTITION
    opensearch_vectors: VectorsIn = VECTORS_IN
    opensearch_masters: Annotated[str, Field(pattern=r"^([a-z0-9]+\.[a-z0-9]+\.search)?$")] = ""
    operator_role_arn: _Arn = ""
    views: _List = ("1",)
    vpc: Annotated[str, Field(pattern=r"^(none|new|vpc-[0-9a-f]+)$")] = "none"
    removal: Literal["retain", "destroy"] = "retain"
    cors_origins: _List = ()
    throttle_rate: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    throttle_burst: Annotated[int, Field(ge=1, le=5_000)] = 2_000
    limit_requests_per_second: _Limit = REQUESTS_PER_SECOND_ON_AWS
    limit_files_per_minute: _Limit = 0
    limit_stored_bytes: _Limit = 0
    limit_files: _Limit = 0
    limit_stores: _Limit = 0
    embed_concurrency: Annotated[int, Field(ge=2, le=1_000)] = 10
    work_concurrency: Annotated[int, Field(ge=2, le=1_000)] = 20
    api_reserved: Annotated[int, Field(ge=0, le=10_000)] = 0
    search_reserved: Annotated[int, Field(ge=0, le=10_000)] = 0
    web_acl_arn: _Arn = ""
    domain_name: str = ""
    certificate_arn: _Arn = ""
    hosted_zone: str = ""
    rollout: Literal["all-at-once", "canary"] = "all-at-once"
    alarm_email: Annotated[str, Field(pattern=r"^(\S+@\S+)?$")] = ""
    architecture: Literal["arm64", "x86_64"] = "arm64"
    otlp_endpoint: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    adot_layer_arn: _Arn = ""
    traced_share: Annotated[float, Field(gt=0, le=1)] = 0.05
    log_retention_days: Annotated[Literal[1, 7, 14, 30, 90, 180, 365, 731], BeforeValidator(int)] = 30
    duplicate_content: DuplicateContent = DUPLICATE_CONTENT
    embeddings_api: EmbeddingsApi = EMBEDDINGS_API
    webhook_allow_private: bool = False
    spread_counts: bool = True
    event_bus: bool = False
    reader_cpu_seconds: Annotated[float, Field(ge=1, le=600)] = READ_CPU_SECONDS
    reader_cpu_seconds_per_mb: Annotated[float, Field(ge=0.1, le=600)] = READ_CPU_SECONDS_PER_MB

    def __post_init__(self) -> None:
        """Refuses settings that do not go together."""
        for model in self.models:
            if not model.startswith(("bedrock:", "openai:")):
                raise ValueError(
                    f"models names {model!r}; on AWS there are bedrock:… and openai:…; the local model is too big "
                    f"for a function"
                )
        _together(self, "opensearch_endpoint", "opensearch_domain_arn")
        if self.index == "endpoint" and not self.opensearch_endpoint:
            raise ValueError("index=endpoint needs opensearch_endpoint")
        if self.index == "serverless" and self.opensearch_endpoint:
            raise ValueError("opensearch_endpoint does not work with index=serverless, which makes a collection")
        _together(self, "domain_name", "certificate_arn")
        if self.opensearch_nodes > 1 and self.opensearch_nodes % 2 and self.opensearch_nodes % 3:
            raise ValueError(
                "opensearch_nodes must be 1 or a multiple of 2 or 3: OpenSearch needs as many nodes in each zone"
            )
        if self.opensearch_partition > 1 and self.opensearch_partition >= self.opensearch_shards:
            raise ValueError("opensearch_partition must be 1, or below opensearch_shards, as OpenSearch wants it")
        if not re.fullmatch(r"([1-9])(,(?!\1)[1-9])?", ",".join(self.views)):
            raise ValueError("views must be one digit, or two different ones, such as 1 or 1,2")
        if not self.models:
            raise ValueError("models names none; name at least one")
        if self.vpc == "new" and self.makes_domain and self.opensearch_nodes > 1 and self.opensearch_nodes % 2:
            raise ValueError("opensearch_nodes must be 1 or even with vpc=new, which has two zones")
        if self.hosted_zone and not self.domain_name:
            raise ValueError("hosted_zone works only with domain_name")
        if self.embedding_secret_arn and not any(model.startswith("openai:") for model in self.models):
            raise ValueError("embedding_secret_arn works only with a model openai:…")
        if (self.rewriting_base_url or self.rewriting_secret_arn) and not self.rewriting_model:
            raise ValueError("rewriting_base_url and rewriting_secret_arn work only with rewriting_model")
        _together(self, "reranking_model", "reranking_base_url")
        if self.reranking_secret_arn and not self.reranking_model:
            raise ValueError("reranking_secret_arn works only with reranking_model")

    @property
    def makes_domain(self) -> bool:
        """Whether the stack creates a domain. An endpoint alone says that there is one, as it did before `index`."""
        return self.index == "domain" and not self.opensearch_endpoint

    @property
    def traces_to(self) -> str:
        """Where traces go: the given address, or the collector in the functions' layer; empty makes none."""
        return self.otlp_endpoint or (ADOT_ENDPOINT if self.adot_layer_arn else "")

    @property
    def keeps(self) -> bool:
        """Whether resources that hold data outlive the stack."""
        return self.removal == "retain"


def _together(found: Configuration, *names: str) -> None:
    given = [name for name in names if getattr(found, name)]
    if given and len(given) < len(names):
        raise ValueError(f"{' and '.join(names)} go together; you set {given[0]} alone")


def read(context: Mapping[str, Any]) -> Configuration:
    """Reads the configuration from a context; the CDK's own entries are ignored.

    Raises:
        ConfigurationError: an unknown name, or an invalid value.
    """
    ours = {name: value for name, value in context.items() if not _CDK_NAMES.search(name)}
    known = [field.name for field in fields(Configuration)]
    if unknown := sorted(set(ours).difference(known)):
        raise ConfigurationError(f"There is no setting {', '.join(unknown)}. There are {', '.join(known)}.")
    try:
        return TypeAdapter(Configuration).validate_python(ours)
    except ValidationError as error:
        raise ConfigurationError("; ".join(map(_sentence, error.errors()))) from None


def _sentence(error: Mapping[str, Any]) -> str:
    message = error["msg"].removeprefix("Value error, ")
    return f"{'.'.join(map(str, error['loc']))}={error['input']!r}: {message}" if error["loc"] else message
