"""The typed content of `prices.toml`; the file itself explains each number."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter

FILE = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True, slots=True)
class Price:
    """Prices in US dollars."""

    write_units_million: float
    read_units_million: float
    table_gb_month: float
    backup_gb_month: float
    invocations_million: float
    gb_second: float
    requests_million: float
    messages_million: float
    puts_million: float
    gets_million: float
    object_gb_month: float
    tokens_million: float
    log_gb: float
    traces_million: float
    alarm_month: float
    metric_month: float
    dashboard_month: float
    secret_month: float
    volume_gb_month: float
    ocu_hour: float
    collection_gb_month: float


@dataclass(frozen=True, slots=True)
class Collection:
    """Capacity of OpenSearch Serverless while it is awake, in OCUs of `ocu_gib` GiB of memory."""

    search_workers: int
    write_workers: int
    ocu_gib: float
    vectors_full: float


@dataclass(frozen=True, slots=True)
class Instance:
    """A data node of OpenSearch; `hour` is its price in US dollars."""

    name: str
    memory_gib: int
    hour: float


@dataclass(frozen=True, slots=True)
class Running:
    """How long functions run."""

    memory_gb: float
    code_ms: float
    round_trip_ms: float
    search_ms: float
    embedding_ms: float
    chunk_ms: float
    log_kb: float
    traced: float


@dataclass(frozen=True, slots=True)
class Following:
    """The work that follows from a request; `whole` is the operation whose measured line already includes it."""

    whole: str
    whole_invocations: int
    invocations: int
    read_units: int
    whole_messages: int


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts that are embedded."""

    chunk_tokens: int
    query_tokens: int


@dataclass(frozen=True, slots=True)
class Idle:
    """What a stack does and has without users."""

    hours_month: int
    sweeps_hour: int
    sweep_read_units: int
    passes: int
    pass_objects: int
    pass_read_units: int
    pass_page: int
    pass_page_ms: float
    queues: int
    polls_hour: int
    alarms: int
    metrics: int
    secrets: int


@dataclass(frozen=True, slots=True)
class Kept:
    """How much storage files and chunks take."""

    file_log_kb: float
    file_rows_kb: float
    chunk_artefact_kb: float
    chunk_index_kb: float
    volume_spare: float
    volume_least_gb: int
    dimensions: int
    links: int
    vectors_full: float
    compression: int
    shard_gb: float


@dataclass(frozen=True, slots=True)
class Size:
    """A size of deployment.

    Attributes:
        copies: of the index: the primary and its replicas, each on a node of its own.
        vectors: where the domain has its vectors, as `opensearch_vectors` says.
        masters: the instance of three dedicated masters; empty for none.
    """

    name: str
    files: int
    file_gb: float
    chunks: int
    copies: int
    vectors: Literal["memory", "disk"] = "memory"
    masters: str = ""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """All assumptions."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # including the records in it

    price: Price
    instance: tuple[Instance, ...]
    collection: Collection
    running: Running
    following: Following
    texts: Texts
    idle: Idle
    kept: Kept
    size: tuple[Size, ...]


def read(path: Path = FILE) -> Assumptions:
    """Reads the assumptions from a file.

    Raises:
        ValidationError: a name is missing or unknown, or a value is not a number.
    """
    with path.open("rb") as file:
        return TypeAdapter(Assumptions).validate_python(tomllib.load(file))
