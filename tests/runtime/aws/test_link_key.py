"""The key of addresses of passages, on the tables that all functions share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.support import dynamodb_local, moto_aws
from vectorlog.defaults import LINK_KEY_BYTES
from vectorlog.runtime.aws import tables
from vectorlog.runtime.aws.link_key import LINKS, kept
from vectorlog.views.dynamodb import DynamoDBTable

if TYPE_CHECKING:
    from botocore.client import BaseClient


@contextmanager
def moto() -> Iterator[tuple[BaseClient, str]]:
    with moto_aws.aws():
        moto_aws.dynamodb().create_table(**tables.views("views"))
        yield moto_aws.dynamodb(), "views"


@contextmanager
def dynamodb() -> Iterator[tuple[BaseClient, str]]:
    with dynamodb_local.table(tables.views) as name:
        yield dynamodb_local.client(), name


@pytest.mark.parametrize(
    "table", [moto, pytest.param(dynamodb, marks=pytest.mark.aws)], ids=lambda adapter: adapter.__name__
)
def test_one_key_for_all(table: object) -> None:
    """Whoever needs the key first makes it, and everyone has the same one from then on; no list shows it."""
    with table() as (client, name):  # type: ignore[operator]
        first, second = (kept(client, name, Random(seed)) for seed in (1, 2))
        assert first == second
        assert len(first) == LINK_KEY_BYTES
        rows = DynamoDBTable(client, name)
        assert rows.query(LINKS) == []
        assert [each.gone for each in rows.scan()] == [True]
