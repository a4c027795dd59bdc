"""`vectorlog evaluate`: says how well a server finds, by judged questions."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from vectorlog.client.server import Refused, Server
from vectorlog.evaluation.asked import asked, uploaded
from vectorlog.evaluation.measures import Measured, mean, p_value
from vectorlog.evaluation.questions import BadCollection, Question, collection, judged

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--queries", type=_FILE, help="JSON lines with _id and text, instead of a folder.")
@click.option(
    "--qrels", type=_FILE, help="Lines of query, document and grade. A document is a filename or a file's id."
)
@click.option("--store", help="The store (vs_…) that the queries are asked; its files are there already.")
@click.option("--url", envvar="VECTORLOG_URL", default="http://127.0.0.1:8080/v1", show_default=True, show_envvar=True)
@click.option(
    "--api-key", envvar="VECTORLOG_API_KEY", default="any", show_envvar=True, help="Any, where none is needed."
)
@click.option("--options", default="{}", help="Further fields of each search as JSON, such as ranking_options.")
@click.option(
    "--save", type=click.Path(dir_okay=False, path_type=Path), help="Write the measures of each question here."
)
@click.option("--against", type=_FILE, help="Compare with what an earlier run saved.")
@click.option("--keep", is_flag=True, help="Keep the stores and files that were made for FOLDER.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
def command(
    folder: Path | None,
    queries: Path | None,
    qrels: Path | None,
    store: str | None,
    url: str,
    api_key: str,
    options: str,
    save: Path | None,
    against: Path | None,
    *,
    keep: bool,
    as_json: bool,
) -> None:
    """Say how well a server finds: nDCG@10, MRR@10 and recall@10, or hits and MRR@10, with 95 % confidence intervals.

    FOLDER holds a judged collection, which is uploaded, asked, and deleted again: BEIR's corpus.jsonl, queries.jsonl
    and qrels.tsv, or set.json and docs/ with questions whose answers are passages. For a store of your own, give
    --queries, --qrels and --store instead.
    """
    try:
        import pytrec_eval  # noqa: F401
    except ImportError:
        raise click.ClickException("Measuring needs trec_eval: pip install 'vectorlog[evaluate]'") from None
    try:
        given = json.loads(options)
        before = None if against is None else json.loads(against.read_text())
    except ValueError as error:
        raise click.ClickException(f"--options and --against are JSON: {error}") from None
    if not isinstance(given, dict):
        raise click.ClickException('--options is a JSON object, such as \'{"ranking_options": {"ranker": "none"}}\'.')
    if save is not None and not save.parent.is_dir():
        raise click.UsageError(f"--save: there is no folder {save.parent}.")
    found: Mapping[str, Measured] = {}
    left: Refused | None = None
    with _said(), _watched() as watch:
        server = Server(url, api_key)
        try:
            if folder is not None:
                read = collection(folder)
                questions: Sequence[Question] = read.questions
                try:
                    with uploaded(server, read, watch, keep=keep) as stores:
                        found = asked(server, questions, stores, given, watch)
                except Refused as error:
                    if not found:
                        raise
                    left = error
            elif queries is not None and qrels is not None and store is not None:
                questions = tuple(judged(queries, qrels))
                found = asked(server, questions, {"main": store}, given, watch)
            else:
                raise click.UsageError("Give FOLDER, or --queries, --qrels and --store.")
        finally:
            server.close()
    table = list(_table(questions, found, before))
    click.echo(json.dumps(table, indent=1) if as_json else "\n".join(_lines(table)))
    if save is not None:
        try:
            save.write_text(json.dumps(found, indent=1))
        except OSError as error:
            raise click.ClickException(f"--save: {error}") from None
    if left is not None:
        raise click.ClickException(str(left))


def _table(
    questions: Sequence[Question], found: Mapping[str, Measured], before: Mapping[str, Measured] | None
) -> Iterator[dict[str, Any]]:
    """Yields a row for each category and measure, and for all questions."""
    categories = sorted({each.category for each in questions if each.category})
    for category in (*categories, ""):
        ids = [each.id for each in questions if category in ("", each.category)]
        for name in dict.fromkeys(name for id in ids for name in found[id]):
            values = {id: found[id][name] for id in ids if name in found[id]}
            average = mean(list(values.values()))
            row = {
                "category": category or "all",
                "measure": name,
                "questions": len(values),
                "mean": round(average.value, 4),
                "low": round(average.low, 4),
                "high": round(average.high, 4),
            }
            both = [id for id in values if before and name in before.get(id, {})]
            if before and both:
                old = [before[id][name] for id in both]
                row["before"] = round(sum(old) / len(old), 4)
                row["p"] = round(p_value(old, [values[id] for id in both]), 4)
            yield row


def _lines(table: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    compared = any("p" in each for each in table)
    yield "| | questions | measure | mean | 95 % |" + (" before | p |" if compared else "")
    yield "|---|--:|---|--:|---|" + ("--:|--:|" if compared else "")
    for each in table:
        line = f"| {each['category']} | {each['questions']} | {each['measure']} | {each['mean']:.3f} "
        line += f"| {each['low']:.3f} to {each['high']:.3f} |"
        yield line + (f" {each['before']:.3f} | {each['p']:.3f} |" if "p" in each else "  |  |" if compared else "")


@contextmanager
def _said() -> Iterator[None]:
    """Turns what went wrong into the command's message."""
    try:
        yield
    except (BadCollection, Refused) as error:
        raise click.ClickException("\n".join((str(error), *getattr(error, "__notes__", ())))) from None


@contextmanager
def _watched() -> Iterator[Any]:
    """Yields a function that shows progress on one line of standard error, if that is a terminal."""
    shown = sys.stderr.isatty()

    def watch(label: str, done: int, total: int) -> None:
        if shown:
            click.echo(f"\r{label:<10} {done:,} of {total:,} ", err=True, nl=False)

    yield watch
    if shown:
        click.echo(err=True)
