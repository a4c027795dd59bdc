"""What `prices.toml` says, typed; the file itself says what each number is."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter

FILE = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars."""

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


@dataclass(frozen=True, slots=True)
class Instance:
    """A data node of OpenSearch; `hour` in US dollars."""

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
    """What a request leaves to do; `whole` is the operation whose measured line holds that already."""

    whole: str
    whole_invocations: int
    invocations: int
    read_units: int
    whole_messages: int


@dataclass(frozen=True, slots=True)
class Texts:
    """What is embedded."""

    chunk_tokens: int
    query_tokens: int


@dataclass(frozen=True, slots=True)
class Idle:
    """What a stack does and has without a user."""

    hours_month: int
    sweeps_hour: int
    sweep_read_units: int
    queues: int
    polls_hour: int
    alarms: int
    metrics: int
    secrets: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What files and chunks take."""

    file_log_kb: float
    file_rows_kb: float
    chunk_artefact_kb: float
    chunk_index_kb: float
    volume_spare: float
    volume_least_gb: int
    dimensions: int
    links: int
    vectors_full: float


@dataclass(frozen=True, slots=True)
class Size:
    """A deployment."""

    name: str
    files: int
    file_gb: float
    chunks: int
    copies: int


@dataclass(frozen=True, slots=True)
class Assumptions:
    """All of them."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # of the records in it, too

    price: Price
    instance: tuple[Instance, ...]
    running: Running
    following: Following
    texts: Texts
    idle: Idle
    kept: Kept
    size: tuple[Size, ...]


def read(path: Path = FILE) -> Assumptions:
    """The assumptions of a file.

    Raises:
        ValidationError: a name is missing, unknown, or no number.
    """
    with path.open("rb") as file:
        return TypeAdapter(Assumptions).validate_python(tomllib.load(file))
