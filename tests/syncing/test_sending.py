"""What is sent to a server that is busy, broken, or refuses a file."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, cast

import pytest

from vectorlog.client.server import Refused, Server
from vectorlog.syncing.sending import Sender
from vectorlog.syncing.tasks import Sent, Task


class Answering:
    """A server that answers to batches, and notes how many files each has."""

    def __init__(self, status: int, bad: str = "") -> None:
        self.status = status
        self.bad = bad
        self.asked: list[int] = []

    def post(self, _: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append(len(body["files"]))
        if not self.bad or any(each["file_id"] == self.bad for each in body["files"]):
            raise Refused("no", self.status)
        return {"id": "vsfb_1"}


class Quiet:
    def uploaded(self, size: int) -> None:
        """Nothing is shown."""

    def ended(self, sent: Sent) -> None:
        """Nothing is shown."""


def send(server: Answering) -> list[Sent]:
    tasks = [Task(f"{number}.txt", {}, "", None, file=f"file-{number}") for number in range(50)]
    ended: list[Sent] = []
    sender = Sender(cast("Server", server), "vs_1", None, threading.Event(), wait=False)
    sender.send(iter(tasks), Quiet(), ended.append)
    return ended


@pytest.mark.parametrize("status", [429, 500, 503])
def test_busy(status: int) -> None:
    """A batch that a busy or broken server refuses, after all tries, is not sent again file by file: each of its files
    is reported.
    """
    server = Answering(status)
    ended = send(server)
    assert {each.status for each in ended} == {"unsent"}
    assert len(ended) == 50
    assert sum(server.asked) == 50


def test_one_bad_file() -> None:
    """If the server refuses a batch because of one file, the others are attached."""
    ended = send(Answering(400, "file-7"))
    assert [each.task.file for each in ended if each.status == "unsent"] == ["file-7"]
    assert sum(each.status == "accepted" for each in ended) == 49
