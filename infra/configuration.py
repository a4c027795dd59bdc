"""What a deployment may choose: one record, read from the CDK's context (`-c stage=prod`, or cdk.json)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from vectorlog.defaults import DUPLICATE_CONTENT, INDEX_SHARDS, MODELS_ON_AWS, DuplicateContent

_OTHERS = re.compile(r"[:/@]|^cli-telemetry$|^acknowledged-issue-numbers$")
"""Names in the context that are the CDK's own: its flags, what it looked up, its command line's settings."""


class ConfigurationError(ValueError):
    """The context holds a name that there is not, or a value that does not fit; the message names each."""


def _listed(value: object) -> object:
    """`a,b` on the command line is a list in cdk.json."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


_List = Annotated[tuple[str, ...], BeforeValidator(_listed)]
_Arn = Annotated[str, Field(pattern=r"^(arn:[\w-]+:\S+)?$")]


@dataclass(frozen=True, slots=True)
class Configuration:
    """Every choice has a default, so that `./dev deploy` needs none.

    Attributes:
        stage: is part of the stack's name and of the API's address.
        models: `provider:name` of each embedding model that is offered, separated by commas; the first is the default.
        embedding_base_url, embedding_secret_arn: an OpenAI-compatible endpoint, and the secret that holds its key.
        opensearch_endpoint, opensearch_domain_arn: of a domain that exists; no domain is made then.
        opensearch_instance, opensearch_nodes, opensearch_storage_gib: of the domain that is made; storage of each node.
        opensearch_shards: of each index that is made from now on, `vectorlog rebuild index` included; 10 to 30 GB each
            (its guide).
        operator_role_arn: of the role with which `vectorlog verify`, `import` and `rebuild` are run: may do anything in
            our indexes.
        views: names of the tables of views; the first is read, both are written (`vectorlog rebuild` says when).
        vpc: `none`, `new`, or the id of one that exists.
        removal: what a `destroy` does with tables, bucket, domain and key.
        cors_origins: that browsers may call from; none turns CORS off.
        throttle_rate, throttle_burst: requests a second, and at once, for the whole API.
        embed_concurrency: how many embed functions run at the same time; Lambda's least is 2, its most 1,000.
        domain_name, certificate_arn, hosted_zone: of a custom domain; a record is made where the zone is given, as `id`
            or `id/name`.
        alarm_email: gets alarms, once the mail in which AWS asks for it was answered.
        architecture: of the functions; `x86_64` serves `sam local` on such a machine.
        log_retention_days: of every log group.
        duplicate_content: whether a store takes the same bytes twice.
    """

    stage: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,19}$")] = "dev"
    models: _List = MODELS_ON_AWS
    embedding_base_url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    embedding_secret_arn: _Arn = ""
    opensearch_endpoint: Annotated[str, Field(pattern=r"^(https://\S+)?$")] = ""
    opensearch_domain_arn: _Arn = ""
    opensearch_instance: Annotated[str, Field(pattern=r"^[a-z0-9]+\.[a-z0-9]+\.search$")] = "t3.small.search"
    opensearch_nodes: Annotated[int, Field(ge=1, le=80)] = 1
    opensearch_storage_gib: Annotated[int, Field(ge=10, le=16384)] = 20
    opensearch_shards: Annotated[int, Field(ge=1, le=100)] = INDEX_SHARDS
    operator_role_arn: _Arn = ""
    views: _List = ("1",)
    vpc: Annotated[str, Field(pattern=r"^(none|new|vpc-[0-9a-f]+)$")] = "none"
    removal: Literal["retain", "destroy"] = "retain"
    cors_origins: _List = ()
    throttle_rate: Annotated[int, Field(ge=1, le=10_000)] = 200
    throttle_burst: Annotated[int, Field(ge=1, le=5_000)] = 400
    embed_concurrency: Annotated[int, Field(ge=2, le=1_000)] = 10
    domain_name: str = ""
    certificate_arn: _Arn = ""
    hosted_zone: str = ""
    alarm_email: Annotated[str, Field(pattern=r"^(\S+@\S+)?$")] = ""
    architecture: Literal["arm64", "x86_64"] = "arm64"
    log_retention_days: Annotated[Literal[1, 7, 14, 30, 90, 180, 365, 731], BeforeValidator(int)] = 30
    duplicate_content: DuplicateContent = DUPLICATE_CONTENT

    def __post_init__(self) -> None:
        """Refuses choices that do not go together."""
        for model in self.models:
            if not model.startswith(("bedrock:", "openai:")):
                raise ValueError(
                    f"models names {model!r}; in Lambda there are bedrock:… and openai:…, the local model is "
                    f"too big for one"
                )
        _together(self, "opensearch_endpoint", "opensearch_domain_arn")
        _together(self, "domain_name", "certificate_arn")
        if self.opensearch_nodes > 1 and self.opensearch_nodes % 2 and self.opensearch_nodes % 3:
            raise ValueError(
                "opensearch_nodes is 1 or a multiple of 2 or 3: OpenSearch wants as many nodes in each zone"
            )
        if not re.fullmatch(r"([1-9])(,(?!\1)[1-9])?", ",".join(self.views)):
            raise ValueError("views are one digit or two different ones, such as 1 or 1,2")
        if not self.models:
            raise ValueError("models names none")
        if (
            self.vpc == "new"
            and not self.opensearch_endpoint
            and self.opensearch_nodes > 1
            and self.opensearch_nodes % 2
        ):
            raise ValueError("opensearch_nodes is 1 or even with vpc=new, whose two zones share the nodes out")
        if self.hosted_zone and not self.domain_name:
            raise ValueError("hosted_zone is of use with domain_name alone")
        if self.embedding_secret_arn and not any(model.startswith("openai:") for model in self.models):
            raise ValueError("embedding_secret_arn is of use with a model openai:… alone")

    @property
    def keeps(self) -> bool:
        """Whether what holds data outlives the stack."""
        return self.removal == "retain"


def _together(found: Configuration, *names: str) -> None:
    given = [name for name in names if getattr(found, name)]
    if given and len(given) < len(names):
        raise ValueError(f"{' and '.join(names)} go together; there is {given[0]} alone")


def read(context: Mapping[str, Any]) -> Configuration:
    """The configuration in a context; what the CDK itself keeps there is passed over.

    Raises:
        ConfigurationError: an unknown name, or a value that does not fit.
    """
    ours = {name: value for name, value in context.items() if not _OTHERS.search(name)}
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
