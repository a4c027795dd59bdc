"""The promises of the views in DynamoDB beyond the contract: unknown outcomes, contention, limits and costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import dynamodb_local, moto_aws
from tests.support.aws_meter import LATENCY_S, metered
from tests.support.dynamodb_faults import cancelled, lost_answers, refusal, refused
from tests.support.dynamodb_reads import reads
from tests.support.waits import Waits
from vectorlog.domain.errors import Unavailable
from vectorlog.runtime.aws import tables
from vectorlog.views.dynamodb import DynamoDBTable
from vectorlog.views.dynamodb_calls import BUSY, LONGEST_PAGE
from vectorlog.views.table import NO_ROW, Add, Key, Put, Remove, Row, RowClosed, RowConflict, Write

if TYPE_CHECKING:
    from botocore.client import BaseClient

K = Key("VS#1", "C")
FILE = Key("VS#1", "F#1")


@pytest.fixture
def client() -> Iterator[BaseClient]:
    with moto_aws.aws():
        yield moto_aws.dynamodb()


@pytest.fixture
def pauses() -> Waits:
    """How long the table waited each time."""
    return Waits()


@pytest.fixture
def table(client: BaseClient, pauses: Waits) -> Iterator[DynamoDBTable]:
    client.create_table(**tables.views("views"))
    table = DynamoDBTable(client, "views", pauses.timing)
    yield table
    table.close()


@pytest.fixture
def real() -> Iterator[DynamoDBTable]:
    """On DynamoDB Local."""
    with dynamodb_local.table(tables.views) as name:
        table = DynamoDBTable(dynamodb_local.client(), name)
        yield table
        table.close()


def fill(table: DynamoDBTable, numbers: range, **fields: Any) -> None:
    for number in numbers:  # one by one: moto copies the whole table for each transaction
        table.write([Put(Key("VS#1", f"F#{number:04d}"), 0, NO_ROW, **fields)])


class TestUnknownOutcomes:
    @pytest.mark.aws  # moto ignores tokens
    def test_lost_answer(self, real: DynamoDBTable) -> None:
        """A transaction whose answer was lost is sent again and counts once, including an Add that stands alone."""
        client = dynamodb_local.client()
        alone: list[Write] = [Add(K, {"n": 1})]
        for writes in (alone, [Put(FILE, 0, NO_ROW), *alone]):
            with lost_answers(client, "TransactWriteItems", 1) as tries:
                real.write(writes)
            assert len(tries) == 2
        assert real.get([K, FILE]) == {K: Row(K, counts={"n": 2}), FILE: Row(FILE, 0)}

    def test_one_token(self, client: BaseClient, table: DynamoDBTable) -> None:
        """All attempts at one write share a token, and another write has another one, so DynamoDB can tell a repeat
        from a new count.
        """
        with lost_answers(client, "TransactWriteItems", 1) as tries:
            table.write([Add(K, {"n": 1})])
            table.write([Add(K, {"n": 1})])
        first, repeat, second = tries
        assert first == repeat != second

    def test_one_token_over_conflicts(self, client: BaseClient, table: DynamoDBTable) -> None:
        """The code gives the token, not botocore, which would make a new one after each conflict: an attempt whose
        answer was lost may be followed by a conflict, and must not count again after it.
        """
        given: list[str | None] = []

        def note(params: dict[str, Any], **_: object) -> None:
            given.append(params.get("ClientRequestToken"))

        event = "provide-client-params.dynamodb.TransactWriteItems"
        client.meta.events.register(event, note)
        try:
            with refused(client, "TransactWriteItems", [cancelled("None", "TransactionConflict")] * 3):
                table.write([Put(FILE, 0, NO_ROW), Add(K, {"n": 1})])
            table.write([Add(K, {"n": 1})])
        finally:
            client.meta.events.unregister(event, note)
        *first, _, second = given  # between them, the row is spread
        assert len(first) == 4
        assert len({*first}) == 1
        assert first[0]
        assert second not in (None, first[0])

    def test_lost_answer_of_one_row(self, client: BaseClient, table: DynamoDBTable) -> None:
        """A single row whose answer was lost is written; its repeat is a conflict, and reading again finds the own
        row.
        """
        with lost_answers(client, "UpdateItem", 1), pytest.raises(RowConflict):
            table.write([Put(K, 0, NO_ROW, "mine")])
        assert table.get([K]) == {K: Row(K, 0, "mine")}

    def test_lost_answer_of_a_removal(self, client: BaseClient, table: DynamoDBTable) -> None:
        """A removal may be repeated."""
        table.write([Put(K, 0, NO_ROW)])
        with lost_answers(client, "DeleteItem", 1):
            table.write([Remove(K)])
        assert table.get([K]) == {}


class TestCrowds:
    def test_storm(self, client: BaseClient, table: DynamoDBTable, pauses: Waits) -> None:
        """A transaction that collides with others is retried at growing, random intervals; then it is written once."""
        storm = [cancelled("None", "TransactionConflict")] * 5 + [cancelled("ThrottlingError", "None")] * 2
        with refused(client, "TransactWriteItems", storm) as left:
            table.write([Put(FILE, 0, NO_ROW), Add(K, {"n": 1})])
        assert left == []
        assert table.get([K])[K].counts == {"n": 1}
        assert len(pauses) == len(set(pauses)) == 7
        assert all(0 <= pause <= 0.02 * 2**place for place, pause in enumerate(pauses))

    def test_storm_around_one_row(self, client: BaseClient, table: DynamoDBTable) -> None:
        """A single write waits for the transaction that holds its row."""
        with refused(client, "UpdateItem", [refusal("TransactionConflictException")] * 3):
            table.write([Put(K, 0, NO_ROW, "mine")])
        assert table.get([K]) == {K: Row(K, 0, "mine")}

    @pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
    def test_storm_that_does_not_end(
        self, client: BaseClient, table: DynamoDBTable, pauses: Waits, reason: str
    ) -> None:
        """After about two seconds the caller gets an error that asks for a retry, and nothing is written."""
        with (
            refused(client, "TransactWriteItems", [cancelled(reason)] * BUSY.attempts),
            pytest.raises(Unavailable, match="busy"),
        ):
            table.write([Add(K, {"n": 1})])
        assert not table.get([K]) or table.get([K])[K].counts == {}  # what is busy is spread all the same
        assert sum(pauses) < 4

    def test_a_guard_decides(self, client: BaseClient, table: DynamoDBTable, pauses: Waits) -> None:
        """A row that changed since it was read is not waited for, even if other transactions collide as well."""
        writes: list[Write] = [Put(FILE, 1, 0), Add(K, {"n": 1})]
        for reasons, refusing in [
            (("ConditionalCheckFailed", "TransactionConflict"), RowConflict),
            (("None", "ConditionalCheckFailed"), RowClosed),
        ]:
            with refused(client, "TransactWriteItems", [cancelled(*reasons)]), pytest.raises(refusing):
                table.write(writes)
        assert pauses == []

    def test_other_reasons_are_not_hidden(self, client: BaseClient, table: DynamoDBTable) -> None:
        """An error that no repetition cures is raised as it is."""
        unfit = [cancelled("ItemCollectionSizeLimitExceeded", "None")]
        with (
            refused(client, "TransactWriteItems", unfit),
            pytest.raises(client.exceptions.TransactionCanceledException),
        ):
            table.write([Put(FILE, 0, NO_ROW), Add(K, {"n": 1})])

    def test_unprocessed_keys(self, client: BaseClient, table: DynamoDBTable, pauses: Waits) -> None:
        """Keys that DynamoDB left unprocessed are requested again, until every row is there."""
        fill(table, range(30))

        def keep_back(parsed: dict[str, Any], **_: object) -> None:
            items = parsed["Responses"]["views"]
            kept = items[(len(items) + 1) // 2 :]
            del items[(len(items) + 1) // 2 :]
            keys = [{"pk": item["pk"], "sk": item["sk"]} for item in kept]
            parsed["UnprocessedKeys"] = {"views": {"Keys": keys, "ConsistentRead": True}} if keys else {}

        client.meta.events.register("after-call.dynamodb.BatchGetItem", keep_back)
        try:
            keys = [Key("VS#1", f"F#{number:04d}") for number in range(40)]
            assert set(table.get(keys)) == set(keys[:30])
        finally:
            client.meta.events.unregister("after-call.dynamodb.BatchGetItem", keep_back)
        assert len(pauses) == 4

    def test_keys_that_stay_unprocessed(self, client: BaseClient, table: DynamoDBTable) -> None:
        """A read never leaves out a row because the table was busy: it is Unavailable."""
        nothing = {"Responses": {}, "UnprocessedKeys": {"views": {"Keys": [{"pk": {"S": "VS#1"}, "sk": {"S": "C"}}]}}}
        with (
            refused(client, "BatchGetItem", [nothing] * BUSY.attempts, status=200),
            pytest.raises(Unavailable, match="busy"),
        ):
            table.get([K])


class TestConsistency:
    def test_reads(self, client: BaseClient, table: DynamoDBTable) -> None:
        """Whatever is read from the table itself is as new as the last answered write; only the two indexes may lag,
        and what they find is read again from the table.
        """
        fill(table, range(3), status="in_progress", deadline=5)
        fill(table, range(3, 6), status="completed")
        calls: list[Callable[[], object]] = [
            lambda: table.get([K]),
            lambda: table.get([Key("VS#1", f"F#{number:04d}") for number in range(150)]),
            lambda: table.query("VS#1"),
            lambda: table.query("VS#1", prefix="F#", after="F#0001", limit=2, descending=True),
            lambda: table.query("VS#1", status="completed"),
            lambda: table.query("VS#1", status="in_progress"),
            lambda: table.due(10),
            lambda: table.earliest_deadline(10, ("F#",)),
            lambda: list(table.scan()),
        ]
        with reads(client) as found:
            for call in calls:
                call()
        assert {read.operation for read in found} == {"BatchGetItem", "Query", "Scan"}
        assert [read for read in found if not read.index and not read.consistent] == []
        assert {read.index for read in found} == {"", "by_status", "by_deadline"}


class TestIndexes:
    def test_lagging_status(self, client: BaseClient, table: DynamoDBTable) -> None:
        """Rows that the index still lists under an old status are left out, and the page is filled from what
        follows.
        """
        fill(table, range(10), status="in_progress")
        stale = {
            "Items": [{"pk": {"S": "VS#1"}, "sk": {"S": f"F#{number:04d}"}} for number in range(4)],
            "LastEvaluatedKey": {"pk": {"S": "VS#1"}, "sk": {"S": "F#0003"}, "l": {"S": "VS#1|in_progress"}},
        }
        for number in range(3):
            table.write([Put(Key("VS#1", f"F#{number:04d}"), 1, 0, status="failed")])
        with refused(client, "Query", [stale], status=200):
            listed = table.query("VS#1", status="in_progress", limit=4)
        assert [row.key.sk for row in listed] == ["F#0003", "F#0004", "F#0005", "F#0006"]

    def test_lagging_deadline(self, client: BaseClient, table: DynamoDBTable) -> None:
        """Rows that were finished, postponed or removed in the meantime are not due."""
        fill(table, range(3), deadline=10)
        table.write([Put(Key("VS#1", "F#0000"), 1, 0), Put(Key("VS#1", "F#0001"), 1, 0, deadline=99)])
        stale = [{"pk": {"S": "VS#1"}, "sk": {"S": f"F#{number:04d}"}, "t": {"N": "10"}} for number in (0, 1, 9)]
        with refused(client, "Query", [{"Items": stale}], status=200):
            assert [row.key.sk for row in table.due(10)] == ["F#0002"]

    def test_expiry_in_seconds(self, client: BaseClient, table: DynamoDBTable) -> None:
        """A tombstone's time is written in DynamoDB's form, and never earlier than requested."""
        table.write([Put(K, 0, NO_ROW, gone=True, expires_at=1_700_000_000_001)])
        [item] = client.scan(TableName="views")["Items"]
        assert item[tables.TTL_ATTRIBUTE] == {"N": "1700000001"}
        table.write([Put(K, 1, 0)])
        [item] = client.scan(TableName="views")["Items"]
        assert tables.TTL_ATTRIBUTE not in item


class TestLimits:
    def test_large_rows(self, table: DynamoDBTable) -> None:
        """A list of more than a megabyte is complete, in both directions."""
        fill(table, range(8), data="x" * 300_000)
        for descending in (False, True):
            assert len(table.query("VS#1", limit=8, descending=descending)) == 8
        assert len(list(table.scan())) == 8

    def test_many_tombstones(self, client: BaseClient, table: DynamoDBTable) -> None:
        """A row behind many tombstones is found in few calls, because pages grow."""
        fill(table, range(70), gone=True)
        table.write([Put(Key("VS#1", "F#9999"), 0, NO_ROW)])
        with metered(client) as cost:
            [found] = table.query("VS#1", limit=1)
        assert found.key.sk == "F#9999"
        assert cost.calls == {"Query": 4}

    def test_very_many_tombstones(self, client: BaseClient, table: DynamoDBTable) -> None:
        """However far away the next row is, no page is requested that exceeds DynamoDB's limit."""
        table.write([Put(FILE, 0, NO_ROW)])
        asked: list[int] = []
        empty = {"Items": [], "LastEvaluatedKey": {"pk": {"S": "VS#1"}, "sk": {"S": "A"}}}

        def note(params: dict[str, Any], **_: object) -> None:
            asked.append(params["Limit"])

        client.meta.events.register("before-parameter-build.dynamodb.Query", note)
        try:
            with refused(client, "Query", [empty] * 20, status=200):
                assert [row.key for row in table.query("VS#1")] == [FILE]
        finally:
            client.meta.events.unregister("before-parameter-build.dynamodb.Query", note)
        assert len(asked) == 21
        assert max(asked) == LONGEST_PAGE

    def test_any_name_counts(self, table: DynamoDBTable) -> None:
        """A count may have a name that DynamoDB reserves."""
        names = {"status": 1, "data": 2, "total": 3, "v": 4, "in-progress": 5}
        table.write([Add(K, names), Put(FILE, 0, NO_ROW)])
        assert table.get([K])[K].counts == names

    @pytest.mark.aws  # moto gives more than 16 MB
    def test_sixteen_megabytes(self, real: DynamoDBTable) -> None:
        """Rows of more than 16 MB are read by one `get`."""
        keys = [Key("VS#1", f"F#{number:04d}") for number in range(45)]
        for key in keys:
            real.write([Put(key, 0, NO_ROW, "x" * 390_000)])
        assert set(real.get(keys)) == set(keys)


class TestCost:
    @pytest.mark.parametrize(
        ("writes", "calls", "units"),
        [
            ([Put(FILE, 0, NO_ROW, "x" * 600)], "UpdateItem", 1),
            ([Put(FILE, 0, NO_ROW, "x" * 600, "completed")], "UpdateItem", 1),
            ([Put(FILE, 0, NO_ROW, "x" * 600, "in_progress", 10)], "UpdateItem", 3),
            ([Put(FILE, 0, NO_ROW, "x" * 1100)], "UpdateItem", 2),
            ([Add(K, {"n": 1})], "TransactWriteItems", 2),
            ([Put(FILE, 0, NO_ROW, "x" * 600), Add(K, {"n": 1})], "TransactWriteItems", 4),
            ([Remove(FILE)], "DeleteItem", 1),
        ],
    )
    def test_writes(
        self, client: BaseClient, table: DynamoDBTable, writes: list[Write], calls: str, units: int
    ) -> None:
        """A single row costs a unit per KB and no transaction; several cost two. Only open files are in the indexes, a
        unit each.
        """
        with metered(client) as cost:
            table.write(writes)
        assert (cost.calls, cost.write_units) == ({calls: 1}, units)

    def test_life_of_a_row(self, client: BaseClient, table: DynamoDBTable) -> None:
        """A file that opens and completes costs two units, and four for its entries in both indexes: adding and
        removing.
        """
        with metered(client) as cost:
            table.write([Put(FILE, 0, NO_ROW, status="in_progress", deadline=10)])
            table.write([Put(FILE, 1, 0, status="completed")])
        assert cost.write_units == 2 + 4

    def test_refused(self, client: BaseClient, table: DynamoDBTable) -> None:
        """A refused transaction costs as much as a successful one, without the indexes."""
        table.write([Put(FILE, 0, NO_ROW)])
        with metered(client) as cost, pytest.raises(RowConflict):
            table.write([Put(FILE, 0, NO_ROW, status="in_progress"), Add(K, {"n": 1})])
        assert cost.write_units == 4

    def test_page(self, client: BaseClient, table: DynamoDBTable) -> None:
        """A page of a list is one call, wherever it begins; one of a rare status is two, one after the other."""
        fill(table, range(60), status="in_progress")
        cursors: dict[str, Any] = {"after": "F#0050", "before": "F#0001", "descending": True}
        for asked, calls in [
            ({}, {"Query": 1}),
            (cursors, {"Query": 1}),
            ({"status": "in_progress"}, {"Query": 1, "BatchGetItem": 1}),
        ]:
            with metered(client) as cost:
                assert len(table.query("VS#1", prefix="F#", limit=20, **asked)) == 20
            assert cost.calls == calls

    @pytest.mark.aws
    def test_reads(self, real: DynamoDBTable) -> None:
        """Rows by key cost a unit each, present or not, in one round trip for hundreds; a page costs by its bytes, an
        index half.
        """
        fill(real, range(200), data="x" * 600, status="in_progress")
        keys = [Key("VS#1", f"F#{number:04d}") for number in range(250)]
        reads: dict[str, Callable[[], object]] = {
            "get": lambda: real.get(keys),
            "page": lambda: real.query("VS#1", prefix="F#", limit=20),
            "status": lambda: real.query("VS#1", limit=20, status="in_progress"),
            "due": lambda: real.due(10),
        }
        costs = {}
        for name, read in reads.items():
            with metered(dynamodb_local.client(), latency=LATENCY_S) as cost:
                read()
            costs[name] = (cost.calls.total(), cost.round_trips, cost.read_units)
        assert costs == {"get": (3, 1, 250), "page": (1, 1, 4), "status": (2, 2, 20.5), "due": (16, 1, 8)}
