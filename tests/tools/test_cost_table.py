"""The cost of the AWS edition in money."""

from __future__ import annotations

import base64
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from tools import assumptions, cost_table, index_size
from tools.assumptions import Assumptions, Price, Size
from vectorlog.domain.manifest import INLINE_BYTES

ASSUMED = assumptions.read()
MEASURED = cost_table.MEASURED.read_text()
FOUND = {operation.name: operation for operation in cost_table.operations(MEASURED)}


def priced(**prices: float) -> Assumptions:
    """The assumptions with these prices, and no other costs."""
    free = {field.name: 0.0 for field in fields(Price)}
    return replace(ASSUMED, price=Price(**{**free, **prices}))


def test_documented() -> None:
    """docs/prices.md follows from docs/costs.md and tools/prices.toml; after a change, run `python -m tools.cost_table
    --write`.
    """
    assert cost_table.PRICED.read_text() == cost_table.document(MEASURED, ASSUMED)


def test_every_operation() -> None:
    """Each line of docs/costs.md is in the page."""
    assert len(FOUND) == len(re.findall(r"^\|", MEASURED, re.MULTILINE)) - 2
    assert ASSUMED.following.whole in FOUND


@pytest.mark.parametrize(
    ("service", "price", "quantity"),
    [
        ("API Gateway", "requests_million", 1),
        ("DynamoDB", "write_units_million", 23),
        ("DynamoDB", "read_units_million", 14),
        ("S3", "puts_million", 3),
        ("S3", "gets_million", 1),
        ("SQS", "messages_million", 3),
        ("Bedrock", "tokens_million", 800),
        ("Lambda", "invocations_million", 5),
    ],
)
def test_one_file(service: str, price: str, quantity: int) -> None:
    """A file costs what its line of docs/costs.md says, each call at its price, and nothing twice."""
    found = cost_table.per_million(FOUND["one file, attached until completed"], priced(**{price: 2.0}))
    assert found == {**dict.fromkeys(found, 0.0), service: 2.0 * quantity}


def test_what_follows() -> None:
    """The projector's work is part of the cost of requests that write, and of no others."""
    assumed = priced(read_units_million=1.0, invocations_million=1.0)
    for name, read, invocations in (("create a store", 1 + ASSUMED.following.read_units, 2), ("get a store", 3, 1)):
        found = cost_table.per_million(FOUND[name], assumed)
        assert (found["DynamoDB"], found["Lambda"]) == (read, invocations)


def test_nodes() -> None:
    """A node holds a copy of the index with room to spare, and the next smaller one would not; too large an index is an
    error.
    """
    for size in ASSUMED.size:
        chosen = index_size.node(size, ASSUMED)
        place = ASSUMED.instance.index(chosen)
        room = [index_size.vectors_gib(instance) * ASSUMED.kept.vectors_full for instance in ASSUMED.instance]
        assert room[place] >= index_size.index_gib(size, ASSUMED)
        assert place == 0 or room[place - 1] < index_size.index_gib(size, ASSUMED)
    with pytest.raises(ValueError, match="'huge'"):
        index_size.node(Size("huge", 1, 1, 100_000_000, 1), ASSUMED)


def test_vectors() -> None:
    """A million vectors of 1,536 dimensions take 6.9 GB of memory: 1.1 × (4 × 1,536 + 8 × 16) bytes each."""
    kept = replace(ASSUMED.kept, dimensions=1_536)
    size = Size("million", 1, 1, 1_000_000, 1)
    assert index_size.index_gib(size, replace(ASSUMED, kept=kept)) * 2**30 == pytest.approx(6_899_200_000)


def test_wrong_names(tmp_path: Path) -> None:
    """An unknown price, and a missing one, are refused by name."""
    text = assumptions.FILE.read_text()
    for name, changed in (
        ("gb_secnd", text.replace("gb_second =", "gb_secnd =")),
        ("chunk_tokens", text.replace("chunk_tokens = 800", "")),
    ):
        path = tmp_path / "prices.toml"
        path.write_text(changed)
        with pytest.raises(ValidationError, match=name):
            assumptions.read(path)


def test_months() -> None:
    """Nodes are billed by the hour and by copy, and an idle stack of any size for its alarms, sweeps and pollers."""
    small, medium, large = (cost_table.per_month(size, ASSUMED) for size in ASSUMED.size)
    assert medium["OpenSearch, nodes"] == pytest.approx(2 * 730 * index_size.node(ASSUMED.size[1], ASSUMED).hour)
    assert small["the sweep"] == large["the sweep"]
    assert sum(small.values()) < sum(medium.values()) < sum(large.values())


def test_kinds_of_index() -> None:
    """A collection that sleeps costs its storage alone, so the smallest stage costs less than $16 in an idle month; an
    hour of searches costs its workers, and more workers where more vectors have to fit.
    """
    small, _, large = ASSUMED.size
    months = cost_table.month_of_index(small, ASSUMED)
    assert months["index=endpoint"] < months["index=serverless"] <= 16 < months["index=domain"]
    assert months["index=serverless"] - months["index=endpoint"] == pytest.approx(1.2 * 0.024)
    assert cost_table.awake_hour(small, ASSUMED) == (0.48, 0.24)
    assert cost_table.search_ocus(large, ASSUMED) == 2 * 29


def test_large_enough_for_its_price() -> None:
    """20 million chunks cost $700 at most in an idle month, with a replica of everything and dedicated masters."""
    large = ASSUMED.size[-1]
    assert large.chunks == 20_000_000
    assert (large.copies, large.masters != "") == (2, True)
    assert sum(cost_table.per_month(large, ASSUMED).values()) <= 700


def test_shards() -> None:
    """A shard has 10 to 30 GB, or the index is smaller than that; no shard is needed twice."""
    for size in ASSUMED.size:
        number = index_size.shards(size, ASSUMED)
        each = index_size.index_gb(size, ASSUMED) / number
        assert each <= 30
        assert number == 1 or each >= 10


def test_vectors_on_disk() -> None:
    """On disk, a vector of 1,024 dimensions takes a bit for each of them in memory, and its links."""
    size = Size("million", 1, 1, 1_000_000, 1, vectors="disk")
    assert index_size.index_gib(size, ASSUMED) * 2**30 == pytest.approx(1.1 * (1_024 / 8 + 8 * 16) * 1_000_000)


def test_inline_lists() -> None:
    """A batch's list stays in its event up to about the size from which an object is cheaper."""
    kilobytes = len(base64.b64encode(bytes(INLINE_BYTES))) / 1024
    assert 0.5 < kilobytes * ASSUMED.price.write_units_million / ASSUMED.price.puts_million < 2
