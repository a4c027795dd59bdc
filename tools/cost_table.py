"""Writes docs/prices.md, the cost of the AWS edition, from the calls and units in docs/costs.md and prices.toml.

.venv/bin/python -m tools.cost_table [--write]
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tools.assumptions import Assumptions, Size, read
from tools.index_size import KB_PER_GB, MASTERS, index_gb, index_gib, masters_hour, node, shards, volume_gb
from tools.prices_page import TEXT

DOCS = Path(__file__).parents[1] / "docs"
MEASURED, PRICED = DOCS / "costs.md", DOCS / "prices.md"
MILLION = 1_000_000

S3_PUTS = ("PutObject", "ListObjectsV2", "CreateMultipartUpload", "UploadPartCopy", "CompleteMultipartUpload")
"""The calls that S3 charges like a PUT."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of docs/costs.md; `calls` counts calls by name."""

    name: str
    calls: Mapping[str, int]
    round_trips: int
    write_units: float
    read_units: float


def operations(text: str) -> Iterator[Operation]:
    """Reads the lines of the table in docs/costs.md."""
    for line in re.findall(r"^\| (.*) \|$", text, re.MULTILINE)[2:]:
        name, calls, round_trips, write_units, read_units = line.split(" | ")
        counts = {call: int(count) for count, call in (each.split(" ") for each in calls.split(", "))}
        yield Operation(name, counts, int(round_trips), float(write_units), float(read_units))


def per_million(operation: Operation, assumed: Assumptions) -> dict[str, float]:
    """Dollars for a million operations of one kind, by service, including the work that follows."""
    price, running, following, calls = assumed.price, assumed.running, assumed.following, operation.calls
    whole = operation.name == following.whole
    commits = 0 if whole else calls.get("PutItem", 0)
    invocations = following.whole_invocations if whole else 1 + commits * following.invocations
    embeddings, searches = calls.get("embedding", 0), calls.get("OpenSearch", 0)
    trips = operation.round_trips + commits * following.invocations
    ms = (
        invocations * running.code_ms
        + trips * running.round_trip_ms
        + searches * running.search_ms
        + embeddings * running.embedding_ms
    )
    tokens = embeddings * (assumed.texts.chunk_tokens if whole else assumed.texts.query_tokens)
    messages = calls.get("SendMessageBatch", 0) * following.whole_messages
    return {
        "API Gateway": price.requests_million,
        "Lambda": invocations * price.invocations_million + function_dollars(ms, assumed) * MILLION,
        "DynamoDB": operation.write_units * price.write_units_million
        + (operation.read_units + commits * following.read_units) * price.read_units_million,
        "S3": sum(calls.get(name, 0) for name in S3_PUTS) * price.puts_million
        + calls.get("GetObject", 0) * price.gets_million,
        "SQS": messages * price.messages_million,
        "Bedrock": tokens * price.tokens_million,
        "CloudWatch": invocations
        * (running.log_kb * MILLION / KB_PER_GB * price.log_gb + running.traced * price.traces_million),
    }


def function_dollars(ms: float, assumed: Assumptions) -> float:
    """Dollars for a function's run of this length."""
    return ms / 1000 * assumed.running.memory_gb * assumed.price.gb_second


def _pass_per_file(assumed: Assumptions) -> float:
    """Dollars for looking at the objects of a file once, to find leftovers."""
    price, idle = assumed.price, assumed.idle
    messages = assumed.following.whole_messages * price.messages_million
    page = (price.puts_million + messages + price.invocations_million) / MILLION
    page += function_dollars(idle.pass_page_ms, assumed)
    return page * idle.pass_objects / idle.pass_page + idle.pass_read_units * price.read_units_million / MILLION


def per_month(size: Size, assumed: Assumptions) -> dict[str, float]:
    """Dollars for a month without requests, by purpose."""
    price, idle, kept = assumed.price, assumed.idle, assumed.kept
    sweeps, polls = idle.sweeps_hour * idle.hours_month, idle.queues * idle.polls_hour * idle.hours_month
    log, rows = (size.files * kb / KB_PER_GB for kb in (kept.file_log_kb, kept.file_rows_kb))
    sweep = function_dollars(assumed.running.code_ms + assumed.running.round_trip_ms, assumed)
    return {
        "OpenSearch, nodes": size.copies * node(size, assumed).hour * idle.hours_month,
        "OpenSearch, masters": masters_hour(size, assumed) * idle.hours_month,
        "OpenSearch, storage": size.copies * volume_gb(size, assumed) * price.volume_gb_month,
        "DynamoDB, storage and backup": (log + rows) * (price.table_gb_month + price.backup_gb_month),
        "S3, files and artefacts": (size.file_gb + size.chunks * kept.chunk_artefact_kb / KB_PER_GB)
        * price.object_gb_month,
        "the sweep": sweeps
        * (price.invocations_million / MILLION + idle.sweep_read_units * price.read_units_million / MILLION + sweep),
        "the pass for leftovers": idle.passes * size.files * _pass_per_file(assumed),
        "polling of queues": polls * price.messages_million / MILLION,
        "alarms, metrics, dashboard, secret": idle.alarms * price.alarm_month
        + idle.metrics * price.metric_month
        + price.dashboard_month
        + idle.secrets * price.secret_month,
    }


def month_of_index(size: Size, assumed: Assumptions) -> dict[str, float]:
    """Dollars for a month without requests, by the setting `index`. The owner of an endpoint pays for it."""
    month = per_month(size, assumed)
    rest = sum(dollars for what, dollars in month.items() if not what.startswith("OpenSearch"))
    stored = index_gb(size, assumed) * assumed.price.collection_gb_month
    return {"index=domain": sum(month.values()), "index=serverless": rest + stored, "index=endpoint": rest}


def search_ocus(size: Size, assumed: Assumptions) -> int:
    """Capacity that searches a collection of this size: a worker's at least, and room for the whole vectors, twice."""
    collection = assumed.collection
    needed = math.ceil(
        index_gib(replace(size, vectors="memory"), assumed) / (collection.ocu_gib * collection.vectors_full)
    )
    return collection.search_workers * max(1, needed)


def awake_hour(size: Size, assumed: Assumptions) -> tuple[float, float]:
    """Dollars for an hour in which a collection is searched, and for one in which it is written to."""
    price = assumed.price.ocu_hour
    return search_ocus(size, assumed) * price, assumed.collection.write_workers * price


def once(size: Size, found: Mapping[str, Operation], assumed: Assumptions) -> float:
    """Dollars for uploading all files and ingesting them one by one."""
    each = (
        sum(sum(per_million(found[name], assumed).values()) for name in ("upload a file", assumed.following.whole))
        / MILLION
    )
    chunk = assumed.texts.chunk_tokens * assumed.price.tokens_million / MILLION + function_dollars(
        assumed.running.chunk_ms, assumed
    )
    return size.files * each + (size.chunks - size.files) * chunk


def table(rows: Iterable[Sequence[str]], align: Sequence[str]) -> str:
    """A Markdown table; the first row is its header."""
    head, *others = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, align, *others))


def document(measured: str, assumed: Assumptions) -> str:
    """The text of docs/prices.md."""
    found = {operation.name: operation for operation in operations(measured)}
    priced = {name: per_million(operation, assumed) for name, operation in found.items()}
    services = list(next(iter(priced.values())))
    operation_rows = [
        ("a million times", *services, "together"),
        *((name, *map(dollars, by.values()), dollars(sum(by.values()))) for name, by in priced.items()),
    ]
    months = [per_month(size, assumed) for size in assumed.size]
    whole = replace(assumed.size[-1], vectors="memory")
    size_rows = [
        ("", *(size.name for size in assumed.size)),
        ("files", *(f"{size.files:,}, {size.file_gb:,g} GB" for size in assumed.size)),
        ("chunks", *(f"{size.chunks:,}" for size in assumed.size)),
        ("vectors", *(f"in {size.vectors}" if size.vectors == "memory" else "on disk" for size in assumed.size)),
        ("shards of the index", *(_shards(size, assumed) for size in assumed.size)),
        ("memory for one copy's vectors", *(f"{index_gib(size, assumed):.1f} GiB" for size in assumed.size)),
        ("nodes", *(f"{size.copies} × {node(size, assumed).name}" for size in assumed.size)),
        ("dedicated masters", *(f"{MASTERS} × {size.masters}" if size.masters else "–" for size in assumed.size)),
        ("storage of each node", *(f"{volume_gb(size, assumed):,} GB" for size in assumed.size)),
        *((what, *(dollars(month[what]) for month in months)) for what in months[0]),
        ("**an idle month**", *(f"**{dollars(sum(month.values()))}**" for month in months)),
        ("once: upload and ingest", *(dollars(once(size, found, assumed)) for size in assumed.size)),
    ]
    kinds = [month_of_index(size, assumed) for size in assumed.size]
    awake = [awake_hour(size, assumed) for size in assumed.size]
    nodes = [sum(month[what] for what in month if what.startswith("OpenSearch")) for month in months]
    index_rows = [
        ("an idle month", *(size.name for size in assumed.size)),
        *((f"`{kind}`", *(dollars(month[kind]) for month in kinds)) for kind in kinds[0]),
        ("OCUs that search a collection", *(str(search_ocus(size, assumed)) for size in assumed.size)),
        ("an hour in which it is searched", *(dollars(searched) for searched, _ in awake)),
        ("an hour in which it is written to", *(dollars(written) for _, written in awake)),
        (
            "hours of searches a month that cost as much as the domain",
            *(f"{each / searched:.0f}" for each, (searched, _) in zip(nodes, awake, strict=True)),
        ),
    ]
    return TEXT.format(
        kinds=table(index_rows, ("---", *["--:"] * len(assumed.size))),
        operations=table(operation_rows, ("---", *["--:"] * (len(services) + 1))),
        sizes=table(size_rows, ("---", *["--:"] * len(assumed.size))),
        tokens=assumed.texts.chunk_tokens,
        dimensions=assumed.kept.dimensions,
        links=assumed.kept.links,
        full=assumed.kept.vectors_full,
        compression=assumed.kept.compression,
        in_memory=f"{index_gib(whole, assumed):.1f} GiB",
        nodes_in_memory=f"${dollars(per_month(whole, assumed)['OpenSearch, nodes'])}",
        bound=dollars(2 * 4 * assumed.price.ocu_hour),
    )


def _shards(size: Size, assumed: Assumptions) -> str:
    number = shards(size, assumed)
    return f"{number} of {index_gb(size, assumed) / number:,.3g} GB"


def dollars(amount: float) -> str:
    """An amount in dollars, with cents below 100."""
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.2f}"


def main(arguments: Sequence[str]) -> int:
    """Prints the page, or writes it with `--write`."""
    made = document(MEASURED.read_text(), read())
    if "--write" in arguments:
        PRICED.write_text(made)
    else:
        sys.stdout.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
