"""The promises of the event log in DynamoDB beyond the contract: unknown outcomes, limits and costs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support import dynamodb_local, moto_aws
from tests.support.aws_meter import LATENCY_S, metered
from tests.support.dynamodb_faults import lost_answers, refusal, refused
from tests.support.dynamodb_reads import reads
from vectorlog.domain.errors import Unavailable
from vectorlog.event_log.dynamodb import DynamoDBEventLog, commit_of, item_of
from vectorlog.event_log.event_log import Commit
from vectorlog.runtime.aws import clients, tables

if TYPE_CHECKING:
    from botocore.client import BaseClient


@pytest.fixture
def client() -> Iterator[BaseClient]:
    with moto_aws.aws():
        yield moto_aws.dynamodb()


@pytest.fixture
def log(client: BaseClient) -> Iterator[DynamoDBEventLog]:
    client.create_table(**tables.events("events"))
    log = DynamoDBEventLog(client, "events")
    yield log
    log.close()


def commit(version: int = 0, stream: str = "vs_1", *, id: str = "mine", events: str = "[]") -> Commit:
    return Commit(stream, version, id, events, "{}", 1_700_000_000_000, "{}")


class TestUnknownOutcomes:
    def test_lost_answer(self, client: BaseClient, log: DynamoDBEventLog) -> None:
        """A commit whose answer was lost is put again, found to exist, and in the log once."""
        with lost_answers(client, "PutItem", 1) as tries:
            assert log.append([commit()]) == [commit()]
        assert len(tries) == 2
        assert log.read("vs_1") == [commit()]

    def test_lost_answer_of_a_blocked_commit(self, client: BaseClient, log: DynamoDBEventLog) -> None:
        """A blocked commit is never taken for a success, however often its answer was lost."""
        log.append([commit(id="theirs")])
        with lost_answers(client, "PutItem", 2):
            assert log.append([commit()]) == [commit(id="theirs")]

    def test_no_answer_at_all(self, client: BaseClient, log: DynamoDBEventLog) -> None:
        """If no attempt is answered, the caller gets an error that asks for a retry, which finds the stored commit."""
        with lost_answers(client, "PutItem", 5) as tries, pytest.raises(Unavailable, match="does not answer"):
            log.append([commit()])
        assert len(tries) == 5
        assert log.load("vs_1") == commit()
        assert log.append([commit()]) == [commit()]
        assert len(log.read("vs_1")) == 1

    @pytest.mark.parametrize(
        "code", ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"]
    )
    def test_throttled(self, client: BaseClient, log: DynamoDBEventLog, code: str) -> None:
        """Throttling that outlasts all attempts is not the request's fault: 503, retry."""
        with refused(client, "PutItem", [refusal(code)]), pytest.raises(Unavailable, match=code):
            log.append([commit()])
        with refused(client, "Query", [refusal(code)]), pytest.raises(Unavailable, match=code):
            log.load("vs_1")
        assert log.load("vs_1") is None

    def test_other_errors_are_not_hidden(self, client: BaseClient, log: DynamoDBEventLog) -> None:
        """An error that no repetition cures is raised as it is."""
        with (
            refused(client, "PutItem", [refusal("AccessDeniedException")]),
            pytest.raises(client.exceptions.ClientError, match="AccessDenied"),
        ):
            log.append([commit()])


class TestOrder:
    def test_no_gaps(self, client: BaseClient, log: DynamoDBEventLog) -> None:
        """Commits of one stream are put in version order, whatever order they were given in: one that fails leaves no
        gap.
        """
        with lost_answers(client, "PutItem", 0) as puts:
            log.append([commit(version) for version in (2, 0, 3, 1)])
        assert [f'"sk": {{"N": "{version}"}}'.encode() in body for version, body in enumerate(puts)] == [True] * 4

    def test_streams_at_once(self) -> None:
        """Appends to eight streams, and loads of them, run in parallel."""
        streams = [f"vs_{number}" for number in range(8)]
        together = threading.Barrier(8)

        def meet(**_: object) -> None:
            together.wait(10)

        with moto_aws.aws():
            client = clients.dynamodb()  # without the serialization of `moto_aws.dynamodb`
            client.create_table(**tables.events("events"))
            log = DynamoDBEventLog(client, "events")
            for operation in ("PutItem", "Query"):
                client.meta.events.register(f"before-call.dynamodb.{operation}", meet)
            appended = log.append([commit(stream=stream) for stream in streams])
            assert log.load_many(streams) == dict(zip(streams, appended, strict=True))
            log.close()


class TestConsistency:
    def test_reads(self, client: BaseClient, log: DynamoDBEventLog) -> None:
        """Every read of the log sees every commit that was answered before it."""
        log.append([commit(), commit(stream="vs_2")])
        with reads(client) as found:
            log.load("vs_1")
            log.load_many(["vs_1", "vs_2", "vs_3"])
            log.read("vs_1")
            log.read("vs_1", 1, 5)
            assert len(list(log.scan())) == 2
        assert {read.operation for read in found} == {"Query", "Scan"}
        assert [read for read in found if not read.consistent] == []


class TestItems:
    def test_stream_records(self) -> None:
        """The new image in a stream record decodes to the commit, as the projector needs it."""
        made = commit(7, events='[{"é": "漢"}]')
        assert commit_of(item_of(made)) == made

    def test_pages(self, client: BaseClient, log: DynamoDBEventLog) -> None:
        """A stream of more than a megabyte is read completely, over several of DynamoDB's pages."""
        commits = [commit(version, events="x" * 370_000) for version in range(7)]
        log.append(commits)
        with metered(client) as cost:
            assert log.read("vs_1") == commits
        assert cost.calls == {"Query": 4}
        assert log.read("vs_1", 2, 3) == commits[2:5]
        assert list(log.scan()) == commits


class TestCost:
    def test_append(self, client: BaseClient, log: DynamoDBEventLog) -> None:
        """A commit costs one call and one unit per KB; so does a blocked one, which learns its blocker without another
        read.
        """
        with metered(client) as cost:
            log.append([commit(events="x" * 800)])
        assert (cost.calls, cost.round_trips, cost.write_units) == ({"PutItem": 1}, 1, 1)
        with metered(client) as cost:
            log.append([commit(id="theirs", events="x" * 800)])
        assert (cost.calls, cost.write_units) == ({"PutItem": 1}, 1)
        with metered(client) as cost:
            log.append([commit(1, events="x" * 2048)])
        assert cost.write_units == 3

    def test_load(self, client: BaseClient, log: DynamoDBEventLog) -> None:
        """A load costs one call, however long the stream is."""
        log.append([commit(version) for version in range(30)])
        with metered(client) as cost:
            assert log.load("vs_1") == commit(29)
        assert cost.calls == {"Query": 1}

    @pytest.mark.aws
    def test_real_units(self) -> None:
        """A load of up to 4 KB is one read unit; sixteen streams are one round trip, to load and to append."""
        client = dynamodb_local.client()
        with dynamodb_local.table(tables.events) as table:
            log = DynamoDBEventLog(client, table)
            streams = [f"vs_{number}" for number in range(16)]
            with metered(client, latency=LATENCY_S) as cost:
                log.append([commit(stream=stream, events="x" * 800) for stream in streams])
            assert (cost.calls, cost.round_trips, cost.write_units) == ({"PutItem": 16}, 1, 16)
            with metered(client, latency=LATENCY_S) as cost:
                assert len(log.load_many(streams)) == 16
            assert (cost.calls, cost.round_trips, cost.read_units) == ({"Query": 16}, 1, 16)
            log.close()
