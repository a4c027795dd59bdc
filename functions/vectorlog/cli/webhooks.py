"""`vectorlog webhooks`: webhook endpoints of any server, and a receiver to try them with."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import click

from vectorlog.cli import connection, shown
from vectorlog.client.server import Refused, Server, segment
from vectorlog.webhooks import signature

PATH = "/webhook_endpoints"
_MOST_BYTES = 1 << 20
"""An event has a few hundred bytes."""


@click.group()
def command() -> None:
    """List, create, test and delete webhook endpoints, and listen to events here."""


@command.command("list")
@connection.option
@shown.as_json
def list_(server: Server, *, as_json: bool) -> None:
    """List the endpoints."""
    found = server.items(PATH, {})
    if as_json:
        shown.dump(list(found))
        return
    rows = ((each["id"], each["status"], each["url"], ", ".join(each["event_types"])) for each in found)
    shown.table(("Id", "Status", "URL", "Events"), rows, "There are no webhook endpoints.")


@command.command()
@connection.option
@click.argument("url_of_receiver", metavar="URL")
@click.option("--name", default="command line", show_default=True, help="A note to yourself.")
@click.option("--event", multiple=True, help="A type of event; can be given several times. [default: all]")
@shown.as_json
def create(server: Server, url_of_receiver: str, name: str, event: Sequence[str], *, as_json: bool) -> None:
    """Have events sent to URL. The secret that signs them is shown only this once."""
    made = _create(server, url_of_receiver, name, event)
    if as_json:
        shown.dump(made)
        return
    shown.fields({"id": made["id"], "url": made["url"], "secret": made["signing_secret"]})


@command.command()
@connection.option
@click.argument("endpoint")
@click.option("--event", default="vector_store.file.completed", show_default=True, help="The type of the sample.")
def test(server: Server, endpoint: str, event: str) -> None:
    """Have a sample sent to ENDPOINT now, and say how it answers."""
    answer = server.post(f"{PATH}/{segment(endpoint)}/test", {"event_type": event})
    click.echo(f"It answered {answer['status_code']}.")


@command.command()
@connection.option
@click.argument("endpoint")
def delete(server: Server, endpoint: str) -> None:
    """Delete ENDPOINT; what waits for it is not sent."""
    server.delete(f"{PATH}/{segment(endpoint)}")
    click.echo(f"{endpoint} is deleted.")


@command.command()
@connection.option
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where to listen here; 0 takes a free port.")
@click.option("--address", default="", help="How the server reaches that port, such as the https URL of a tunnel.")
@click.option("--event", multiple=True, help="A type of event; can be given several times. [default: all]")
@shown.as_json
def listen(server: Server, port: int, address: str, event: Sequence[str], *, as_json: bool) -> None:
    """Show events as they are sent, until Ctrl-C.

    It makes an endpoint, checks the signature of each request, and deletes the endpoint at the end. A server sends to
    your own machine only if it allows private addresses (`serve --webhook-allow-private`).
    """
    for number in (signal.SIGTERM, signal.SIGHUP):  # its endpoint is deleted then too
        signal.signal(number, signal.default_int_handler)
    with HTTPServer(("127.0.0.1", port), _Receiver) as receiver:
        url = address or f"http://127.0.0.1:{receiver.server_port}"
        with suppress(KeyboardInterrupt), _endpoint(server, url, event) as secret:
            _Receiver.secret, _Receiver.as_json = secret, as_json
            click.echo(f"Listening at {url}; events are shown as they come. Ctrl-C ends it.", err=True)
            receiver.serve_forever()


@contextmanager
def _endpoint(server: Server, url: str, events: Sequence[str]) -> Iterator[str]:
    """Makes an endpoint that is deleted at the end of the block, and yields its secret."""
    made = _create(server, url, "vectorlog webhooks listen", events)
    try:
        yield made["signing_secret"]
    finally:
        with suppress(Refused):  # the server has stopped, or somebody else has deleted it
            server.delete(f"{PATH}/{segment(made['id'])}")


def _create(server: Server, url: str, name: str, events: Sequence[str]) -> Any:  # noqa: ANN401  # JSON
    types = list(events) or server.get("/webhook_event_types")["data"]
    return server.post(PATH, {"name": name, "url": url, "event_types": types})


class _Receiver(BaseHTTPRequestHandler):
    """Answers as a receiver should: 204 for what the server signed, and 400 for everything else."""

    secret = ""
    as_json = False

    def do_POST(self) -> None:
        """Takes an event."""
        length = self.headers.get("content-length", "")
        body = self.rfile.read(min(int(length), _MOST_BYTES)).decode(errors="replace") if length.isdecimal() else ""
        if not self._is_signed(body):
            click.echo("A request without a valid signature was refused.", err=True)
            self.send_error(400)
            return
        self.send_response(204)
        self.end_headers()
        event = json.loads(body)
        if self.as_json:
            click.echo(body)
            return
        about = " ".join(f"{name}={_shown(value)}" for name, value in event["data"].items())
        at = time.strftime("%H:%M:%S", time.localtime(event["created_at"]))
        click.echo(f"{at}  {shown.printable(event['type'])}  {shown.printable(about)}")

    def log_message(self, format: str, *args: object) -> None:  # the name in the base class
        """Logs nothing."""

    def _is_signed(self, body: str) -> bool:
        id, at = self.headers.get("webhook-id", ""), self.headers.get("webhook-timestamp", "")
        if not at.isdecimal():
            return False
        wanted = signature.headers([self.secret], id, int(at), body)["webhook-signature"]
        return wanted in self.headers.get("webhook-signature", "").split()


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
