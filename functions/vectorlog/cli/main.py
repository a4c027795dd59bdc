"""The `vectorlog` command. A subcommand's module is imported only when it is called."""

from __future__ import annotations

import os
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click
from click.shell_completion import CompletionItem

OPERATOR = {
    "serve": "Serve the API from a folder.",
    "demo": "Ingest some documents, search them, and show the console.",
    "keys": "Create, list and revoke API keys.",
    "export": "Write all data of a deployment to files.",
    "import": "Import an export.",
    "rebuild": "Rebuild the views, the index or the vectors, while the old ones serve.",
    "show": "Show what is known about an id, and why a file failed.",
    "events": "Send events to webhooks and to the event bus again.",
    "erase": "Erase a file, a store or a project with its history.",
    "evaluate": "Say how well a server finds, by judged questions.",
    "verify": "Check that all derived data agrees with the log.",
}
"""Commands on a deployment's own data."""
USER = {
    "ingest": "Add files and folders to a store.",
    "sync": "Keep a store equal to a folder, a bucket or a git repository.",
    "search": "Search a store.",
    "stores": "List, create, change and delete stores.",
    "files": "List, show, attach and detach the files of a store.",
    "batches": "Create, show, await and cancel batches of files.",
    "permissions": "List, grant and revoke permissions on a store.",
    "usage": "Show by day the bytes that stores held.",
    "webhooks": "List, create, test and delete webhook endpoints, and listen to events.",
    "pull": "Copy stores from OpenAI or another server.",
    "watch": "Show what is being ingested.",
    "mcp": "Offer a server's stores to desktop clients (MCP).",
    "doctor": "Check a server and its machine, and say what to do.",
    "open": "Open the console in the browser.",
    "completion": "Print what makes a shell complete commands.",
}
"""Commands on any server of the API, over HTTP."""
COMMANDS = OPERATOR | USER


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

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Completes a command without importing all of them."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        found = {name: help for name, help in COMMANDS.items() if name.startswith(incomplete)}
        return [CompletionItem(name, help=help) for name, help in found.items()]

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  # click's
        """Calls the command; says in a line that a database is damaged. No message steers a terminal."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            from vectorlog.cli.shown import lines

            vars(error)["message"] = lines(error.message)
            raise
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
        for title, commands in (("On any server, over HTTP", USER), ("On a deployment's own data", OPERATOR)):
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))


@click.command(cls=_Lazy)
@click.version_option(package_name="vectorlog")
def main() -> None:
    """Vector stores on an event log: OpenAI's and MKA1's API on your own machine."""
    os.umask(0o077)  # what a command writes is for its user alone, also what libraries write


if __name__ == "__main__":
    main()
