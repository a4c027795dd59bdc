"""What commands for users print: tables and colours on a terminal, else plain lines with tabs, or JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

_NARROWEST = 10
"""Characters that a column of a table keeps where the terminal is narrow."""

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def printable(text: str) -> str:
    """Returns a text without what would steer a terminal; halves of surrogate pairs become question marks."""
    plain = "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
    return plain.encode(errors="replace").decode()


def lines(text: str) -> str:
    """Returns what `printable` does, of each line."""
    return "\n".join(map(printable, text.split("\n")))


def json_text(value: Any) -> str:  # noqa: ANN401  # JSON
    """Returns JSON as a text that steers no terminal: what does not print is escaped, which means the same."""
    text = json.dumps(value, ensure_ascii=not _writes_all(), indent=2)
    return "".join(each if each.isprintable() or each == "\n" else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1].replace("\x7f", "\\u007f")


def console(file: IO[str] | None = None) -> Console:
    """Returns rich's console for standard output or `file`, which writes plain text where that is no terminal."""
    from rich.console import Console

    return Console(file=file or sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True)


def terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout.isatty()


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str, *, err: bool = False) -> None:
    """Prints rows. On a terminal it is a table with a head; elsewhere a line for each row, with tabs, as it comes.
    `empty` is said on standard error if there is no row.
    """
    out = sys.stderr if err else sys.stdout
    if not out.isatty():
        some = False
        for row in rows:
            some = True
            click.echo("\t".join(printable(str(each)) for each in row), err=err)
        if not some:
            click.echo(empty, err=True)
        return
    cells = [[printable(str(each)) for each in row] for row in rows]
    if not cells:
        click.echo(empty, err=True)
        return
    from rich.table import Table

    drawn = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for number, column in enumerate(drawn.columns):
        longest = max(len(line[number]) for line in cells)
        column.min_width = min(longest, _NARROWEST) if number else longest  # an id is no use if it is cut
        column.overflow = "fold"
    for line in cells:
        drawn.add_row(*line)
    terminal = console(out)
    needed = sum(each.min_width or 0 for each in drawn.columns) + 2 * len(columns)
    terminal.print(drawn, soft_wrap=False, width=max(terminal.width, needed), crop=False)


def fields(values: Mapping[str, object]) -> None:
    """Prints a thing's fields, one on a line; those without a value are left out."""
    width = max((len(name) for name in values), default=0)
    for name, value in values.items():
        if value not in (None, "", {}, []):
            click.echo(f"{name:<{width}}  {printable(str(value))}")


def dump(value: Any) -> None:  # noqa: ANN401  # JSON
    """Prints JSON."""
    click.echo(json_text(value))


def made(thing: Mapping[str, Any], *, as_json: bool) -> None:
    """Prints what was made: its id, or all of it as JSON."""
    if as_json:
        dump(thing)
    else:
        click.echo(thing["id"])


def moment(seconds: float | None) -> str:
    """A time in seconds since 1970 as the local date and time, or a dash."""
    return "–" if seconds is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def size(count: float) -> str:
    """A number of bytes in a readable unit."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def attributes(values: Mapping[str, Any] | None) -> str:
    """Attributes on one line."""
    return printable(
        " ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in (values or {}).items())
    )


def _writes_all() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
