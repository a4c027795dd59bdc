"""`vectorlog verify`: checks a deployment's derived data. A server may be running."""

from __future__ import annotations

import time
from pathlib import Path

import click

from vectorlog.cli import deployments, options
from vectorlog.operations.verify import verify
from vectorlog.runtime.local.logs import printable

PAUSE_S = 2.0


@click.command()
@options.settings(["data"])
@deployments.option
def command(data: Path, which: deployments.Chosen) -> None:
    """Check that views, index, artefacts and blobs agree with the log.

    Prints every difference, and exits with status 1 if there is one. Differences that pending work may still resolve
    are listed as pending and do not count.
    """
    with deployments.open_beside(which, data) as (deployment, under_way, _), deployments.readers(which) as readers:
        report = verify(deployment, under_way, lambda: time.sleep(PAUSE_S), readers)
    for verdict, differences in (("differs", report.differing), ("pending", report.pending)):
        for each in differences:
            click.echo(printable(f"{verdict}  {each.kind:<9} {each.where}  {each.what}"))
    waiting = report.under_way
    click.echo(
        f"{report.streams:,} streams: {len(report.differing)} differences, {len(report.pending)} pending; "
        f"{waiting.commits} commits and {waiting.messages} messages are under way."
    )
    raise SystemExit(1 if report.differing else 0)
