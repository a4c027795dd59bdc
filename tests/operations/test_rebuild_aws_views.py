"""A second views table of a deployment, filled by the command, on moto."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from click.testing import CliRunner

from tests.runtime.aws.test_stack import deploy
from tests.support import moto_aws
from tests.support.bench import PROJECT, Bench
from vectorlog.cli import rebuild
from vectorlog.index.opensearch.errors import IndexRefused
from vectorlog.operations.verify import UnderWay, verify
from vectorlog.runtime.aws import clients, once, stack, tables, wiring
from vectorlog.runtime.aws import rebuild_index as aws_rebuild_index
from vectorlog.runtime.local.settings import variable
from vectorlog.use_cases import uploaded_files, vector_stores
from vectorlog.views.views import Views


@pytest.fixture
def names() -> Iterator[Mapping[str, str]]:
    """Two views tables, the log, and the rest of a deployment; `VECTORLOG_` variables come from its stack."""
    with moto_aws.aws(), pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("VECTORLOG_")]:
            patch.delenv(name)
        dynamodb = moto_aws.dynamodb()
        patch.setattr(clients, "dynamodb", lambda: dynamodb)
        before = set(os.environ)
        for table in (tables.events("log"), tables.views("one"), tables.views("two")):
            dynamodb.create_table(**table)
        s3 = moto_aws.s3()
        s3.create_bucket(Bucket="bucket")
        patch.setattr(clients, "s3", lambda: s3)
        made = dict.fromkeys(("bucket", "work_queue", "embed_queue", "erase_queue", "opensearch_endpoint"), "x")
        yield {**made, "bucket": "bucket", "events_table": "log", "views_table": "one", "views_also": "two"}
        for name in os.environ.keys() - before:
            del os.environ[name]
    once.forget()


def run(*arguments: str) -> str:
    """The output of the command, in this process, where moto is; none of its errors is a traceback."""
    done = CliRunner().invoke(rebuild.command, (*arguments, "--processes", "1"))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.output


@pytest.mark.long
def test_filled_from_the_log(names: Mapping[str, str], bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second table has the content of the log, even if functions wrote to both tables first."""
    store, gone = bench.store(), bench.store()
    files = [bench.upload(f"alpha {number}") for number in range(2)]
    bench.batch(store, files)
    bench.attach(gone, files[0])
    bench.pump.settle()
    uploaded_files.delete(bench.deployment, PROJECT, files[0])
    vector_stores.delete(bench.deployment, PROJECT, gone)
    bench.pump.settle()
    deploy("prod", {stack.output(field): value for field, value in names.items()})
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    os.environ.update(stack.environment("prod"))
    wiring.deployment().streams.log.append(list(bench.log.scan()))
    newest = [bench.deployment.streams.decode(commit) for commit in bench.log.scan()][-3:]
    wiring.deployment().views.apply(newest)  # as functions that write both
    said = run("views", "--stage", "prod")
    assert f"{len(list(bench.log.scan()))} commits were projected" in said
    assert waits == pytest.approx([900], abs=60), "functions of before the deploy may run for a quarter of an hour"
    second = Views(wiring.deployment().views.tables[1])
    moved = replace(bench.deployment, views=second)
    assert verify(moved, lambda: UnderWay(0, 0), lambda: None).differing == ()


def test_no_second_table(names: Mapping[str, str]) -> None:
    """If no functions write to the second table, it is not filled; the message says what to do first."""
    deploy("prod", {stack.output(field): value for field, value in names.items() if field != "views_also"})
    assert "Deploy it with a second one first" in run("views", "--stage", "prod")
    assert not moto_aws.dynamodb().scan(TableName="two")["Items"]


def test_without_a_stage(names: Mapping[str, str]) -> None:
    """If the command cannot find out when the deployment was last changed, it says what it assumes."""
    os.environ.update({variable(field): value for field, value in names.items()})
    said = run("views", "--edition", "aws")
    assert "for 15 minutes" in said
    assert "0 commits were projected" in said


def test_index_that_refuses(names: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator who lacks a right in OpenSearch reads OpenSearch's own message."""

    def refuse(*_: object, **__: object) -> None:
        raise IndexRefused("no permissions for [indices:admin/create]")

    os.environ.update({variable(field): value for field, value in names.items()})
    monkeypatch.setattr(aws_rebuild_index, "index", refuse)
    assert "Error: no permissions for [indices:admin/create]" in run("index", "--edition", "aws")


@pytest.mark.parametrize("arguments", [("index",), ("views", "--data", "x"), ("chunks", "--edition", "aws")])
@pytest.mark.parametrize("option", [("--processes", "2"), ("--anew",)])
def test_options_that_would_do_nothing(
    names: Mapping[str, str], arguments: tuple[str, ...], option: tuple[str, ...]
) -> None:
    """What only a rebuild of views or index on AWS can do is refused elsewhere."""
    os.environ.update({variable(field): value for field, value in names.items()})
    done = CliRunner().invoke(rebuild.command, (*arguments, *option))
    assert done.exit_code == 2
    assert "are for views and index of a deployment on AWS" in done.output
