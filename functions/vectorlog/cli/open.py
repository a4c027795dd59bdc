"""`vectorlog open`: shows a server's console in the browser."""

from __future__ import annotations

import click

from vectorlog.cli import connection, exits
from vectorlog.client.server import Server


@click.command()
@connection.option
@click.option("--print", "only_print", is_flag=True, help="Print the address, and open nothing.")
def command(server: Server, *, only_print: bool) -> None:
    """Open the server's console in the browser."""
    address = f"{connection.root(server)}/console"
    click.echo(address)
    if not only_print and click.launch(address):
        raise exits.Failure("No browser could be opened; open the address yourself.")
