"""Command line flags that are generated from the settings, each with its environment variable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import Field
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import click

from vectorlog.runtime.local.settings import Settings, setting_fields, variable

F = TypeVar("F", bound=Callable[..., Any])


def settings(only: Sequence[str] | None = None) -> Callable[[F], F]:
    """Returns a decorator that adds the flags of all settings, or of those in `only`, to a command."""
    hints = get_type_hints(Settings)
    wanted = [each for each in setting_fields() if only is None or each.name in only]

    def decorate(command: F) -> F:
        for each in reversed(wanted):
            command = _option(each, hints[each.name])(command)
        return command

    return decorate


def _option(setting: Field[Any], hint: Any) -> Callable[[F], F]:  # noqa: ANN401  # type hints have no common type
    kind: Any = click.Choice(get_args(hint)) if get_origin(hint) is not None else hint
    if setting.metadata["minimum"] is not None:
        ranged = click.IntRange if hint is int else click.FloatRange
        kind = ranged(setting.metadata["minimum"], setting.metadata["maximum"])
    if hint is Path:
        kind = click.Path(file_okay=False, path_type=Path)
    return click.option(
        f"--{setting.name.replace('_', '-')}",
        envvar=variable(setting.name),
        type=kind,
        is_flag=hint is bool,
        default=setting.default,
        show_default=not setting.metadata["secret"],
        show_envvar=True,
        help=setting.metadata["help"],
    )
