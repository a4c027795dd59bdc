"""The `vectorlog` command. A subcommand's module is imported only when it is called."""

from __future__ import annotations

import os
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click

COMMANDS = {
    "serve": "Serve the API from a folder.",
    "demo": "Ingest this repository's documents and search them.",
    "keys": "Create, list and revoke API keys.",
    "export": "Write all data of a deployment to files.",
    "import": "Import an export.",
    "rebuild": "Rebuild the views or the index, while the old ones serve.",
    "show": "Show what is known about an id, and why a file failed.",
    "events": "Send events to webhooks and to the event bus again.",
    "erase": "Erase a file, a store or a project with its history.",
    "evaluate": "Say how well a server finds, by judged questions.",
    "verify": "Check that all derived data agrees with the log.",
}


class _Lazy(click.Group):
    """Finds the command `x` in the module `vectorlog.cli.x`, or `x_` if `x` is a Python keyword."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command: click.Command = import_module(f"vectorlog.cli.{module}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  # click's
        """Calls the command; says in a line that a database is damaged."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            from vectorlog.runtime.local.damaged import is_damage

            if not is_damage(error):
                raise
            raise click.ClickException(
                f"A database in the data folder is damaged ({error}). If it is derived.db, start the server: it makes "
                f"that anew. If it is log.db or blobs.db, restore the folder from a backup."
            ) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=_Lazy)
@click.version_option(package_name="vectorlog")
def main() -> None:
    """Vector stores on an event log: OpenAI's and MKA1's API on your own machine."""
    os.umask(0o077)  # what a command writes is for its user alone, also what libraries write


if __name__ == "__main__":
    main()
