"""A file of a store on another server, fetched: its bytes where that server gives them, else its indexed text."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from vectorlog.client.server import Refused, Server, segment
from vectorlog.syncing.items import Item
from vectorlog.syncing.pull_map import Form
from vectorlog.syncing.tasks import Task, key_of

FROM = "pulled_from"
"""The attribute of a file, and the metadata of a store, with its id on the other server."""
AS = "pulled_as"
"""The attribute that says `text` where a file came as text alone."""
MOST_ATTRIBUTES = 16
"""Attributes of a file (docs/contract.md, section 5.1)."""
_IN_MEMORY = 4 << 20
TEXT_SUFFIXES = frozenset({".txt", ".md"})
_WITHHELD = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
"""How a server says that a file's bytes are not given: OpenAI's answers 400 for purpose `assistants`."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched.

    Attributes:
        task: what brings it to the other store.
        form: how it came.
        notes: what could not be kept of it.
    """

    task: Task
    form: Form
    notes: tuple[str, ...] = ()


class NotGiven(Exception):
    """A server gives neither the bytes nor the text of a file; the message says why."""


def fetch(source: Server, store: str, listed: Mapping[str, Any]) -> Fetched:
    """Fetches a file of a store; `listed` is the file in the store as the server lists it.

    Raises:
        NotGiven: there is nothing to fetch.
        Refused: the server cannot be reached, or refused the key.
    """
    file = listed["id"]
    filename = _filename(source, listed)
    content: BinaryIO = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # type: ignore[assignment]  # noqa: SIM115
    form: Form = "bytes"
    try:
        source.download(f"/files/{segment(file)}/content", content)
    except Refused as error:
        if error.status not in _WITHHELD:
            content.close()
            raise
        text = _text(source, store, listed)
        content.seek(0)
        content.truncate()
        content.write(text.encode(errors="replace"))
        form = "text"
        if PurePosixPath(filename).suffix.lower() not in TEXT_SUFFIXES:
            filename += ".txt"
    size, sha256 = _measured(content)
    item = Item(filename, size, None, "", lambda: content)
    return _fetched(source, listed, form, filename, sha256, item)


def uploaded(source: Server, listed: Mapping[str, Any], new: str, form: Form) -> Fetched:
    """A file that came before, as the file `new` of the target, and is only to be attached."""
    return _fetched(source, listed, form, listed.get("filename") or listed["id"], "", None, new)


def _fetched(
    source: Server,
    listed: Mapping[str, Any],
    form: Form,
    filename: str,
    sha256: str,
    item: Item | None,
    new: str = "",
) -> Fetched:
    file = listed["id"]
    own = {FROM: file, **({AS: "text"} if form == "text" else {})}
    attributes = {**(listed.get("attributes") or {})}
    notes: tuple[str, ...] = ()
    if len(attributes | own) <= MOST_ATTRIBUTES:
        attributes |= own
    else:
        notes = (f"it has {len(attributes)} attributes, so its old id is in the map alone",)
    task = Task(
        path=filename,
        attributes=attributes,
        sha256=sha256,
        item=item,
        file=new,
        key=key_of("pull", source.url, file, form, sha256),
        chunking=_chunking(listed),
    )
    return Fetched(task, form, notes)


def _filename(source: Server, listed: Mapping[str, Any]) -> str:
    try:
        name: str = source.get(f"/files/{segment(listed['id'])}")["filename"]
    except Refused as error:
        if error.status not in _WITHHELD:
            raise
        name = listed.get("filename") or listed["id"]  # the upload was deleted, and the store kept its entry
    return name.replace("/", "_") or listed["id"]


def _text(source: Server, store: str, listed: Mapping[str, Any]) -> str:
    path = f"/vector_stores/{segment(store)}/files/{segment(listed['id'])}/content"
    texts: list[str] = []
    page: str | None = None
    try:
        while True:
            answer = source.get(path, **({"page": page} if page else {}))
            texts += [part["text"] for part in answer["data"] if part.get("type") == "text"]
            following = answer.get("next_page") if answer.get("has_more") else None
            if not following or following == page:
                break
            page = following
    except Refused as error:
        if error.status not in _WITHHELD:
            raise
        failed = (listed.get("last_error") or {}).get("message")
        raise NotGiven(f"it had failed there: {failed}" if failed else f"neither bytes nor text: {error}") from None
    if not any(texts):
        raise NotGiven("neither its bytes nor any text are given")
    return "\n".join(texts)


def _chunking(listed: Mapping[str, Any]) -> Mapping[str, Any] | None:
    strategy = listed.get("chunking_strategy") or {}
    return strategy if strategy.get("type") == "static" else None


def _measured(content: BinaryIO) -> tuple[int, str]:
    content.seek(0)
    digest, size = hashlib.sha256(), 0
    while data := content.read(1 << 20):
        digest.update(data)
        size += len(data)
    content.seek(0)
    return size, digest.hexdigest()
