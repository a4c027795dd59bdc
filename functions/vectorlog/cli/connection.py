"""The server that a command for users talks to, chosen by options and environment variables; and stores by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from vectorlog.cli import exits
from vectorlog.client.mcp_bridge import endpoint
from vectorlog.client.server import Refused, Server, segment
from vectorlog.domain.ids import is_well_formed

F = TypeVar("F", bound=Callable[..., Any])

URL = "http://127.0.0.1:8080/v1"
"""The address of a local server."""


def address(command: F) -> F:
    """Adds `--url`, `--api-key` and `--on-behalf-of` to a command, which gets them as they are given."""
    for each in (
        click.option(
            "--on-behalf-of",
            envvar="VECTORLOG_ON_BEHALF_OF",
            default="",
            metavar="USER",
            show_envvar=True,
            help="Act for this end user of the key's project.",
        ),
        click.option(
            "--api-key", envvar="VECTORLOG_API_KEY", default="any", show_envvar=True, help="Any, where none is needed."
        ),
        click.option(
            "--url", envvar="VECTORLOG_URL", default=URL, show_default=True, show_envvar=True, help="The server."
        ),
    ):
        command = each(command)
    return command


def option(command: F) -> F:
    """Adds the options of `address` to a command, which gets them as the argument `server`, and says in a line what the
    server refuses.
    """

    @address
    @wraps(command)
    def connected(*given: Any, url: str, api_key: str, on_behalf_of: str, **named: Any) -> Any:  # noqa: ANN401  # its own
        with exits.told():
            server = opened(url, api_key, on_behalf_of)
            try:
                return command(*given, server=server, **named)
            finally:
                server.close()

    return connected  # type: ignore[return-value]  # click calls it like the command itself


def opened(url: str, key: str, user: str = "", hint: str = "--url") -> Server:
    """Returns a client of a server; a URL without a path gets `/v1`.

    Raises:
        click.BadParameter: it is no URL of a server.
    """
    try:
        bare = urlsplit(url).path in ("", "/")
        return Server(f"{url.rstrip('/')}/v1" if bare else url, key.strip(), user=user, patience=3)
    except (Refused, ValueError) as error:
        raise click.BadParameter(str(error), param_hint=hint) from None


def root(server: Server) -> str:
    """The address of the server itself, without the path of the API's dialect; it may have one of its own."""
    return endpoint(server.url).removesuffix("/mcp")


def store_id(server: Server, store: str, *, create: bool = False) -> str:
    """Returns the id of a store that is given by its id or by its name. With `create`, a name that no store has makes
    one, which is said on standard error.

    Raises:
        exits.Failure: no store has this name, or several have it.
    """
    found = find_store(server, store)
    if found is not None:
        return found
    if not create:
        raise exits.Failure(f"There is no store {store!r}. `vectorlog stores list` shows all.", exits.NOT_FOUND)
    made: str = server.post("/vector_stores", {"name": store})["id"]
    click.echo(f"Made the store {store!r}: {made}", err=True)
    return made


def find_store(server: Server, store: str) -> str | None:
    """Returns the id of a store that is given by its id or by its name, or None if no store has this name.

    Raises:
        exits.Failure: several stores have it.
    """
    if is_well_formed("vs", store):
        return store
    found: list[str] = [each["id"] for each in server.items("/vector_stores") if each["name"] == store]
    if len(found) > 1:
        raise exits.Failure(f"{len(found)} stores are called {store!r}; give the id of one: {', '.join(found)}")
    return found[0] if found else None


def store_path(server: Server, store: str) -> str:
    """The path of a store that is given by its id or by its name."""
    return f"/vector_stores/{segment(store_id(server, store))}"
