"""The edition that a command works on: a data folder, or the deployment that the environment names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from vectorlog.use_cases.edition import Edition
    from vectorlog.verify.verify import UnderWay

F = TypeVar("F", bound=Callable[..., Any])

option: Callable[[F], F] = click.option(
    "--edition",
    "which",
    type=click.Choice(["local", "aws"]),
    default="local",
    show_default=True,
    help="A data folder, or the deployment that the VECTORLOG_ variables of its functions name.",
)


@contextmanager
def looked_at(which: str, data: Path) -> Iterator[tuple[Edition, Callable[[], UnderWay]]]:
    """The edition's parts, to read only, and what is under way in it."""
    if which == "aws":
        from vectorlog.runtime import aws, aws_inspection

        check_deployment()
        yield aws.edition(), aws_inspection.under_way
        return
    from vectorlog.runtime.data_folder import NoDataFolder, UnknownFormat
    from vectorlog.runtime.inspection import inspect

    with ExitStack() as stack:
        try:
            found = stack.enter_context(inspect(data.expanduser().absolute()))
        except (NoDataFolder, UnknownFormat) as error:
            raise click.ClickException(str(error)) from None
        yield found


def check_deployment() -> None:
    """Says which variables are missing.

    Raises:
        ClickException: at least one is.
    """
    from vectorlog.runtime.aws import deployment
    from vectorlog.runtime.settings import variable

    needed = ("events_table", "views_table", "bucket", "work_queue", "embed_queue", "opensearch_endpoint")
    missing = [variable(name) for name in needed if not getattr(deployment(), name)]
    if missing:
        raise click.ClickException(f"--edition aws needs the variables of the deployment's functions; not set: {', '.join(missing)}.")
