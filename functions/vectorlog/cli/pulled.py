"""What the commands of `vectorlog pull` share: options, the map, and what is said in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from vectorlog.cli import exits, shown, transfer
from vectorlog.syncing.pull_map import BadMap, PullMap
from vectorlog.syncing.pulled_store import Pulled

map_option = click.option(
    "--map",
    "map_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("vectorlog-pull.json"),
    show_default=True,
    help="Where the old and new ids are written; a later run reads it.",
)
at_once = click.option("--at-once", type=click.IntRange(1, 64), default=4, show_default=True, help="Uploads at once.")


def opened(map_file: Path) -> PullMap:
    """Opens the map; an unreadable one is a wrong option."""
    try:
        return PullMap(map_file)
    except BadMap as error:
        raise click.BadParameter(str(error), param_hint="--map") from None


def end(results: Sequence[Pulled], map_file: Path, *, stopped: bool, as_json: bool) -> None:
    """Says what came, and ends the command as that requires.

    Raises:
        Failure: it was stopped.
        SystemExit: some files did not come.
    """
    _say(results, map_file, as_json=as_json)
    if stopped:
        raise exits.Failure("Stopped; the same command goes on.", exits.INTERRUPTED)
    if any(each.failed for each in results):
        raise SystemExit(exits.SOME_FAILED)


def _say(results: Sequence[Pulled], map_file: Path, *, as_json: bool) -> None:
    if as_json:
        shown.dump([asdict(each) for each in results])
        return
    rows = [
        (each.name or "–", each.old, each.new, each.as_bytes, each.as_text, each.skipped, len(each.failed))
        for each in results
    ]
    shown.table(
        ("Store", "There", "Here", "Bytes", "Text only", "There before", "Failed"), rows, "No store was copied."
    )
    transfer.failures([(f"{each.name}: {path}", reason) for each in results for path, reason in each.failed])
    for each in results:
        for path, note in each.notes:
            click.echo(f"Note: {shown.printable(path)}: {shown.printable(note)}", err=True)
    if any(each.as_text for each in results):
        click.echo('Files that came as text alone have the attribute pulled_as = "text".', err=True)
    click.echo(f"Old and new ids are in {map_file}. Permissions and keys do not come along.", err=True)
