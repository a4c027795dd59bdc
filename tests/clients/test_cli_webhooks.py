"""`vectorlog webhooks`, on a live server."""

from __future__ import annotations

import json
import signal
import urllib.error
import urllib.request

import pytest

from tests.clients.administered import Administered, new_project
from tests.clients.command_line import CommandLine, ended
from tests.clients.conftest import long_locally
from tests.clients.service import Service
from tests.support.receiver import Receiver
from vectorlog.cli import exits
from vectorlog.domain.outgoing_event import TYPES


@pytest.fixture
def cli(administered: Administered) -> CommandLine:
    """The commands of a project of its own, with a key of scope `admin`."""
    return CommandLine(Service(administered.url, administered.make(new_project(), "admin").value, None), "")


def test_endpoints(cli: CommandLine) -> None:
    """An endpoint is created for all events or for some, listed, tested and deleted."""
    with Receiver() as receiver:
        made = cli.json("webhooks", "create", receiver.url)
        assert (made["event_types"], made["signing_secret"][:6]) == (list(TYPES), "whsec_")
        assert cli.succeed("webhooks", "test", made["id"]) == "It answered 200.\n"
        assert receiver.got
    said = cli.succeed("webhooks", "create", "https://example.com/hook", "--event", "file.deleted")
    assert "whsec_" in said
    listed = {each["url"]: each for each in cli.json("webhooks", "list")}
    assert listed["https://example.com/hook"]["event_types"] == ["file.deleted"]
    for each in listed.values():
        assert cli.succeed("webhooks", "delete", each["id"]) == f"{each['id']} is deleted.\n"
    assert cli.succeed("webhooks", "list") == ""
    assert cli.run("webhooks", "delete", "we_none").exit_code == exits.NOT_FOUND


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@long_locally
def test_listen(cli: CommandLine, stop: signal.Signals) -> None:
    """It shows what the server sends, refuses what anybody else does, and leaves no endpoint behind."""
    with cli.started("webhooks", "listen", "--event", "vector_store.deleted") as listening:
        assert listening.stderr is not None
        assert listening.stdout is not None
        url = listening.stderr.readline().split()[2].rstrip(";")
        for body, at in ((b'{"type": "vector_store.deleted"}', "1"), (b"\xff\xfe", "1"), (b"{}", "\xb2")):
            forged = urllib.request.Request(url, body, {"webhook-timestamp": at})
            with pytest.raises(urllib.error.HTTPError, match="400"):
                urllib.request.urlopen(forged, timeout=10)
        store = cli.json("stores", "create", "short-lived")["id"]
        cli.succeed("stores", "delete", store, "--yes")
        assert f"vector_store.deleted  id={store}" in listening.stdout.readline()
        listening.send_signal(stop)
        code, _, err = ended(listening)
    assert code == 0
    assert "A request without a valid signature was refused." in err
    assert json.loads(cli.succeed("webhooks", "list", "--json")) == []
