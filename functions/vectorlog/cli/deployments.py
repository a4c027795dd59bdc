"""The deployment that a command works on: a local data folder, or a deployment on AWS."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from vectorlog.deployment import Deployment
    from vectorlog.operations.readers import Readers
    from vectorlog.operations.verify import UnderWay
    from vectorlog.operations.waiting import Waiting

READERS = 16
"""Threads that read a deployment on AWS: as many calls at once as the service clients expect at least."""

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Chosen:
    """The deployment that a command works on, as chosen by its options.

    Attributes:
        aws: a deployment on AWS, whose settings are in the environment; otherwise a data folder.
        stage: the stage of the deployment's stack; None if the environment was set by hand.
    """

    aws: bool
    stage: str | None


def option(command: F) -> F:
    """Adds the options `--edition` and `--stage` to a command, which gets them as the argument `which`, a `Chosen`."""

    @click.option(
        "--edition",
        type=click.Choice(["local", "aws"]),
        default=None,
        help=(
            "A data folder (local, the default), or the deployment on AWS that is named by the VECTORLOG_ variables "
            "of its functions (aws)."
        ),
    )
    @click.option(
        "--stage",
        default=None,
        metavar="STAGE",
        help="The deployment on AWS of this stage, found by its stack's outputs.",
    )
    @wraps(command)
    def chosen(edition: str | None, stage: str | None, **arguments: Any) -> Any:  # noqa: ANN401  # the command's own
        return command(which=_chosen(edition, stage), **arguments)

    return chosen  # type: ignore[return-value]  # click calls it like the command itself


def _chosen(edition: str | None, stage: str | None) -> Chosen:
    if edition == "aws" or stage is not None:
        _check_libraries()
    if stage is None:
        if edition == "aws":
            _check_environment()
        return Chosen(edition == "aws", None)
    if edition == "local":
        raise click.UsageError(
            "--stage names a deployment on AWS, and --edition local a data folder. Give one of them."
        )
    from vectorlog.runtime.aws.stack import NoStack, environment

    try:
        os.environ.update(environment(stage))
    except NoStack as error:
        raise click.ClickException(str(error)) from None
    return Chosen(True, stage)


@contextmanager
def open_beside(
    which: Chosen, data: Path, *, read_only: bool = True
) -> Iterator[tuple[Deployment, Callable[[], UnderWay], Callable[[], Waiting]]]:
    """Yields a deployment that a server may have open, and functions that return its unfinished work and its queued
    messages. A data folder is only read, unless it is not `read_only`.
    """
    if which.aws:
        from vectorlog.runtime.aws import inspection, wiring

        yield wiring.deployment(), inspection.under_way, inspection.waiting
        return
    from vectorlog.runtime.local.data_folder import NoDataFolder, UnknownFormat
    from vectorlog.runtime.local.inspection import inspect
    from vectorlog.sqlite.read_only import OlderDatabase

    try:
        with inspect(data.expanduser().absolute(), read_only=read_only) as inspected:
            yield inspected
    except (NoDataFolder, UnknownFormat, OlderDatabase) as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def readers(which: Chosen) -> Iterator[Readers]:
    """Yields what reads all of a deployment: threads for one on AWS, where each call takes milliseconds."""
    from vectorlog.operations.readers import ALONE, Readers

    if not which.aws:
        yield ALONE
        return
    with ThreadPoolExecutor(READERS, "reader") as executor:
        yield Readers(executor, READERS)


def _check_libraries() -> None:
    """Checks for the AWS libraries. The local edition does not need them, so `pip install .` does not install them."""
    missing = [
        package
        for module, package in (("boto3", "boto3"), ("opensearchpy", "opensearch-py"))
        if find_spec(module) is None
    ]
    if missing:
        raise click.ClickException(
            f"A deployment on AWS needs {' and '.join(missing)}: pip install {' '.join(missing)}"
        )


def _check_environment() -> None:
    from vectorlog.runtime.aws.environment import Environment
    from vectorlog.runtime.local.settings import variable

    environment = Environment.from_environment()
    missing = [variable(name) for name in Environment.needed() if not getattr(environment, name)]
    if missing:
        raise click.ClickException(
            f"--edition aws needs the variables of the deployment's functions; not set: {', '.join(missing)}."
        )
