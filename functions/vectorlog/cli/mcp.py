"""`vectorlog mcp`: MCP over standard input and output, for desktop clients."""

from __future__ import annotations

import sys

import click

from vectorlog.cli import connection
from vectorlog.client.mcp_bridge import Bridge, endpoint
from vectorlog.client.server import Refused


@click.command()
@connection.address
@click.option("--store", help="Offer only this vector store (vs_…).")
def command(url: str, api_key: str, store: str | None, on_behalf_of: str) -> None:
    """Offer the vector stores of a server to a program that speaks MCP over standard input and output.

    Desktop clients start this command themselves; docs/mcp.md has their settings. It passes each message on to the
    server's own endpoint, /mcp, and ends with its input.
    """
    try:
        bridge = Bridge(endpoint(url, store), api_key.strip(), on_behalf_of or None)
    except Refused as error:
        raise click.BadParameter(str(error), param_hint="--url") from None
    bridge.serve(sys.stdin.buffer, sys.stdout.buffer)
