"""The promises of every count in windows of time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.support import dynamodb_local, moto_aws
from vectorlog.limits.dynamodb import DynamoDBWindows
from vectorlog.limits.memory import MemoryWindows
from vectorlog.limits.windows import Windows
from vectorlog.runtime.aws import tables
from vectorlog.views.dynamodb import DynamoDBTable

END = 1_700_000_001_000


@contextmanager
def memory() -> Iterator[Windows]:
    yield MemoryWindows()


@contextmanager
def moto() -> Iterator[Windows]:
    with moto_aws.aws():
        moto_aws.dynamodb().create_table(**tables.views("views"))
        yield DynamoDBWindows(moto_aws.dynamodb(), "views")


@contextmanager
def dynamodb() -> Iterator[Windows]:
    with dynamodb_local.table(tables.views) as name:
        yield DynamoDBWindows(dynamodb_local.client(), name)


@pytest.fixture(
    params=[memory, moto, pytest.param(dynamodb, marks=pytest.mark.aws)], ids=lambda adapter: adapter.__name__
)
def windows(request: pytest.FixtureRequest) -> Iterator[Windows]:
    with request.param() as windows:
        yield windows


class TestWindows:
    def test_up_to_the_limit(self, windows: Windows) -> None:
        """Amounts add up, and what would exceed the limit is not added."""
        assert [windows.take("a", END, 3, 7), windows.take("a", END, 4, 7)] == [3, 7]
        assert [windows.take("a", END, 1, 7), windows.take("a", END, 0, 7)] == [None, 7]
        assert windows.take("a", END, 1, 8) == 8

    def test_refused_whole(self, windows: Windows) -> None:
        """An amount that does not fit is refused whole; a smaller one may fit."""
        assert windows.take("a", END, 5, 7) == 5
        assert windows.take("a", END, 3, 7) is None
        assert windows.take("a", END, 2, 7) == 7

    def test_more_than_the_limit(self, windows: Windows) -> None:
        """An amount above the limit is refused, also by an empty window."""
        assert windows.take("a", END, 8, 7) is None
        assert windows.take("a", END, 0, 7) == 0

    def test_each_window_is_its_own(self, windows: Windows) -> None:
        """Another name, and the next window of a name, begin with nothing."""
        assert windows.take("a", END, 7, 7) == 7
        assert windows.take("b", END, 7, 7) == 7
        assert windows.take("a", END + 1000, 7, 7) == 7

    def test_together(self, windows: Windows) -> None:
        """Of many that ask at once, exactly as many succeed as fit."""
        with ThreadPoolExecutor(8) as threads:
            taken = list(threads.map(lambda _: windows.take("a", END, 1, 20), range(40)))
        assert sorted(each for each in taken if each is not None) == list(range(1, 21))


def test_items_are_no_rows() -> None:
    """In DynamoDB, windows are in the table of views, where no list shows them, and they end by themselves."""
    with moto_aws.aws():
        client = moto_aws.dynamodb()
        client.create_table(**tables.views("views"))
        DynamoDBWindows(client, "views").take("files#acme", END, 1, 7)
        table = DynamoDBTable(client, "views")
        assert table.query("RATE#files#acme") == []
        assert [row.gone for row in table.scan()] == [True]
        [item] = client.scan(TableName="views")["Items"]
        assert int(item[tables.TTL_ATTRIBUTE]["N"]) == END // 1000 + 3600
        table.close()
